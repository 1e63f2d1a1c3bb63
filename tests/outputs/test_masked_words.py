"""Words at masks: loss, perplexity and accuracy by closed forms; what is kept, written and read."""

import keras
import numpy as np
import pytest

from kerastc.errors import UserError
from kerastc.inputs.stream.masking import NO_TARGET
from kerastc.outputs.vocabulary.frequency import by_frequency, most_frequent
from kerastc.outputs.vocabulary.guesses import guesses
from kerastc.outputs.vocabulary.head import judge
from kerastc.outputs.vocabulary.losses import PlaceCrossEntropy
from kerastc.outputs.vocabulary.predictions import WordAnswer, WordPredictions, read
from kerastc.outputs.vocabulary.scores import BEST, LOGITS, Vocabulary

TOKENS = 11
WORDS = np.array([f"w{number}" for number in range(TOKENS)], object)


class Rows:
    """Rows that know what tokens are called."""

    def shown(self, ids):
        return WORDS[ids]


def made(seed=0):
    """Logits (3, 4, tokens) and targets, some of which only fill the batch."""
    random = np.random.default_rng(seed)
    targets = random.integers(0, TOKENS, (3, 4))
    targets[1, 2:] = NO_TARGET
    return 3 * random.normal(size=(3, 4, TOKENS)).astype("float32"), targets.astype("int32")


def by_hand(logits, targets):
    """The losses and whether each is right, in float64, of the places that count."""
    logits = logits.astype(float)
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    there = targets >= 0
    own = np.take_along_axis(shares, np.maximum(targets, 0)[..., None], axis=-1)[..., 0]
    return -np.log(own[there]), (shares.argmax(axis=-1) == targets)[there]


@pytest.mark.backend
def test_the_loss_is_the_mean_over_the_places_that_count():
    logits, targets = made()
    losses, _ = by_hand(logits, targets)
    loss = PlaceCrossEntropy()
    assert float(loss(targets, logits)) == pytest.approx(losses.mean(), rel=1e-5)
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    even = -logs.mean(axis=-1)[targets >= 0]
    smoothed = 0.9 * losses.mean() + 0.1 * even.mean()
    assert float(PlaceCrossEntropy(0.1)(targets, logits)) == pytest.approx(smoothed, rel=1e-5)
    nothing = np.full_like(targets, NO_TARGET)
    assert float(loss(nothing, logits)) == 0


@pytest.mark.backend
def test_the_gradient_is_the_softmax_less_the_truth():
    logits, targets = made(1)

    class Shifted(keras.Model):
        def __init__(self):
            super().__init__()
            self.shift = self.add_weight((3, 4, TOKENS), "zeros", name="shift")

        def call(self, inputs):
            return inputs + self.shift

    shifted = Shifted()
    shifted.compile(keras.optimizers.SGD(1.0), PlaceCrossEntropy(), jit_compile=False)
    shifted.train_on_batch(logits, targets)
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    truth = np.eye(TOKENS)[np.maximum(targets, 0)]
    wanted = (shares - truth) * (targets >= 0)[..., None] / (targets >= 0).sum()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(shifted.shift), -wanted, atol=1e-6)


@pytest.mark.backend
def test_a_training_is_judged_by_all_places_alike():
    """Over batches of different sizes: as at the end, and as the closed forms."""
    own = judge(Vocabulary(["word"]))
    parts = [made(seed) for seed in (2, 3)]
    parts[1] = tuple(array[:1, :2] for array in parts[1])
    for logits, targets in parts:
        own.words.update_state(targets, logits)
    losses, right = map(np.concatenate, zip(*(by_hand(*part) for part in parts), strict=True))
    logs = {"loss": 1.0, "accuracy": float(own.words.result())}
    told = own.of_logs({f"val_{name}": value for name, value in logs.items()}, "val_")
    told |= own.counted()
    wanted = {
        "loss": losses.mean(),
        "perplexity": np.exp(losses.mean()),
        "accuracy": right.mean(),
    }
    assert told == pytest.approx(wanted, rel=1e-5)
    assert own.of_logs(logs)["loss"] == 1.0  # of training rows that of the loss itself
    kept = [row for part in parts for row in own.reduced(*part)]
    targets = [row[row >= 0] for _, part in parts for row in part]
    assert own.final(kept, targets) == pytest.approx(wanted, rel=1e-5)


def test_what_is_kept_of_logits_are_the_true_and_the_best():
    logits, targets = made(4)
    kept = Vocabulary(["word"]).reduced({LOGITS: logits}, targets)[LOGITS]
    assert kept.shape == (3, 4, 2 + 2 * BEST)
    losses, right = by_hand(logits, targets)
    there = targets >= 0
    np.testing.assert_allclose(-kept[there][:, 0], losses, rtol=1e-5)
    assert ((kept[there][:, 1] == 0) == right).all()
    assert np.isnan(kept[~there][:, :2]).all()
    order = np.argsort(-logits, axis=-1)[..., :BEST]
    assert (kept[..., 2 : 2 + BEST] == order).all()
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    np.testing.assert_allclose(
        kept[..., 2 + BEST :], np.take_along_axis(logs, order, axis=-1), rtol=1e-4, atol=1e-5
    )


@pytest.fixture
def said():
    """Truth and answers of three texts, from logits."""
    logits, targets = made(5)
    output = Vocabulary(["word"])
    kept = output.reduced({LOGITS: logits}, targets)
    found = output.cut(kept, (targets >= 0).sum(axis=1))
    truth = [WORDS[row[row >= 0]] for row in targets]
    return output, truth, output.answers(found, Rows()), by_hand(logits, targets)


def test_figures_are_of_places_with_intervals_over_texts(said):
    output, truth, answers, (losses, right) = said
    metrics = output.metrics(truth, answers)
    assert (metrics["rows"], metrics["words"]) == (3, 10)
    assert metrics["loss"] == pytest.approx(losses.mean(), rel=1e-5)
    assert metrics["perplexity"] == pytest.approx(np.exp(losses.mean()), rel=1e-5)
    assert metrics["accuracy"] == pytest.approx(right.mean())
    for name, (low, high) in metrics["intervals"].items():
        assert low <= metrics[name] <= high
    kept = output.of_kept(output.kept(truth, answers))
    for figure in output.figures:
        sums = output.counts(figure.name, kept).sum(axis=0)
        assert output.of_counts(figure.name, sums) == pytest.approx(metrics[figure.name])


def test_predictions_are_read_as_they_were_written(said, tmp_path):
    output, truth, answers, _ = said
    texts = ["[MASK] a [MASK] b [MASK] c [MASK]", '[MASK], "[MASK]"', "é" + 4 * " [MASK]"]
    path = tmp_path / "validation.csv"
    output.write_predictions(path, ["text"], texts, truth, answers)
    again = output.read_predictions(path)
    assert again.examples.tolist() == texts
    assert [row.tolist() for row in again.truth] == [row.tolist() for row in truth]
    assert output.same(answers, again.answers) == 1
    for one, other in zip(answers, again.answers, strict=True):
        np.testing.assert_array_equal(other.true_logs.astype("float32"), one.true_logs)
        np.testing.assert_allclose(other.logs, one.logs, rtol=1e-6)
    shown = guesses(again)
    assert len(shown) == 10
    assert shown[1].before + shown[1].true + shown[1].after == (
        f"[MASK] a {truth[0][1]} b [MASK] c [MASK]"
    )
    assert shown[1].rank == 1 + answers[0].ranks[1] and len(shown[1].best) == BEST
    long = np.array([f"{'word ' * 40}[MASK] and{' word' * 40}"])
    [cut] = guesses(WordPredictions(long, [truth[0][:1]], answers[:1], np.ones((1, 3))))
    assert cut.before.startswith("… word") and cut.after.endswith("word …")
    assert max(len(cut.before), len(cut.after)) <= 92
    path.write_text(path.read_text(encoding="utf-8").replace("[[", "[", 1), encoding="utf-8")
    with pytest.raises(UserError, match="cannot be read as predictions of words"):
        read(path)


def test_a_diverged_model_is_told_as_such(said):
    output, truth, answers, _ = said
    nan = [WordAnswer(a.words, a.logs, a.true_logs * np.nan, a.ranks) for a in answers]
    with pytest.raises(UserError, match="diverged"):
        output.metrics(truth, nan)
    with pytest.raises(UserError, match="no rows"):
        output.metrics([], [])


def test_a_guess_by_frequency_has_the_entropy_of_the_counts():
    counts = np.array([7, 0, 3, 1, 9, 9])
    targets = [np.repeat(np.arange(6), counts + 1)]
    said = by_frequency(targets, counts, WORDS[most_frequent(counts)])
    shares = (counts + 1) / (counts + 1).sum()
    metrics = Vocabulary(["word"]).metrics([WORDS[row] for row in targets], said)
    assert metrics["loss"] == pytest.approx(-(shares * np.log(shares)).sum())
    assert said[0].words[0].tolist() == ["w4", "w5", "w0", "w2", "w3"]
    ranks = {int(token): int(rank) for token, rank in zip(targets[0], said[0].ranks, strict=True)}
    assert ranks == {4: 0, 5: 0, 0: 2, 2: 3, 3: 4, 1: 5}

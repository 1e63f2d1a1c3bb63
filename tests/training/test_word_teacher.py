"""What a student of a language model learns by: its losses, by closed forms."""

import keras
import numpy as np
import pytest
from corpora import corpus, words_of_two_layers

from kerastc.data.corpus import Corpus
from kerastc.inputs.stream.masking import NO_TARGET
from kerastc.inputs.stream.parts import divided
from kerastc.models import encoder_layer, load_encoder
from kerastc.models.observed import Observed
from kerastc.models.published_words import language_model
from kerastc.models.smaller import fewer_layers, narrower
from kerastc.outputs.vocabulary.losses import PlaceCrossEntropy, divergence
from kerastc.training.language_config import DistilConfig
from kerastc.training.language_model import masked_batches
from kerastc.training.word_teacher import TEACHER, Lessons, Taught, TaughtBatches

pytestmark = pytest.mark.backend
TEXTS = ["the cat sat on a mat and ran", "a big dog ran in the sun", "the small red cat"] * 10
ALL = Lessons((2, 2), hidden=3.0, pairs=((0, 0), (2, 1)), relations=4.0, block=0, heads=2)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A teacher of two layers, and batches of windows."""
    folder = tmp_path_factory.mktemp("teacher")
    encoder = load_encoder(str(words_of_two_layers(folder / "bert")), pairs=True)
    corpus(folder / "corpus", encoder.tokenizer, TEXTS)
    config = DistilConfig(
        corpus=str(folder / "corpus"), teacher="bert", max_tokens=12, packed=False, batch_size=8
    )
    parts = divided(Corpus.open(folder / "corpus"), 12, False, 3, share=0.3, seed=0)
    teacher, own = language_model(encoder, 0)
    assert own
    train, _ = masked_batches(parts, encoder, config)
    return teacher, train


def still(model):
    """A model without dropout, as by hand."""
    encoder_layer(model).tune("head")
    return model


def fitted(student, lessons, hard, projection=None):
    model = Taught(student, lessons, projection)
    model.compile("sgd", PlaceCrossEntropy(weight=hard), jit_compile=False)
    return model


def loss_of(model, inputs, targets):
    """The loss of a batch in training, and each of its parts."""
    found = model.train_on_batch(inputs, targets, return_dict=True)
    return {name: float(value) for name, value in found.items()}


def taught(batches, teacher, lessons):
    return TaughtBatches(batches, lessons.observed(teacher, teacher=True))[0]


def log_shares(logits, temperature=1.0):
    logits = logits.astype(float) / temperature
    logits = logits - logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def observed(model, batches, lessons):
    """What goes on in a model, as arrays."""
    inputs, _ = batches[0]
    found = Observed(model, True, [0, 1, 2], lessons)({name: inputs[name] for name in inputs})
    return {name: keras.ops.convert_to_numpy(value) for name, value in found.items()}


def relations(one, other, mask, heads):
    """Logarithms of a relation, (heads, tokens, tokens), of the real tokens of a text."""
    one, other = (part[mask].astype(float) for part in (one, other))
    width = one.shape[-1] // heads
    cuts = [slice(n * width, (n + 1) * width) for n in range(heads)]
    return np.stack([log_shares(one[:, cut] @ other[:, cut].T / width**0.5) for cut in cuts])


def test_the_divergence_is_that_of_the_places_that_count():
    random = np.random.default_rng(0)
    teacher, student = random.normal(size=(2, 3, 4, 7)).astype("float32") * 3
    said, own = log_shares(teacher, 2.0), log_shares(student, 2.0)
    each = (np.exp(said) * (said - own)).sum(axis=-1)
    there = np.ones((3, 4), bool)
    there[1, 2:] = False
    found = float(divergence(teacher, student, there, 2.0))
    assert found == pytest.approx(4 * each[there].mean(), rel=1e-5)
    assert float(divergence(teacher, teacher, there, 2.0)) == pytest.approx(0, abs=1e-6)


def test_what_is_observed_is_what_goes_on(made):
    teacher, batches = made
    inputs, _ = batches[0]
    found = observed(teacher, batches, 1)
    logits = teacher({tensor.name: inputs[tensor.name] for tensor in teacher.inputs})
    np.testing.assert_allclose(found["words"], keras.ops.convert_to_numpy(logits), atol=1e-5)
    encoder = encoder_layer(teacher)
    for number, state in enumerate(encoder.states(inputs, training=False)):
        state = keras.ops.convert_to_numpy(state)
        np.testing.assert_allclose(found[f"state_{number}"], state, atol=1e-6)
    block = encoder.blocks[1]
    for name in ("query", "key", "value"):
        kernel, bias = getattr(block, name).get_weights()
        by_hand = found["state_1"] @ kernel + bias
        np.testing.assert_allclose(found[name], by_hand, atol=1e-5)


def test_the_loss_of_a_batch_is_the_sum_of_all(made):
    teacher, batches = made
    student = still(fewer_layers(teacher, [1, 0]))
    inputs, targets = taught(batches, teacher, ALL)
    there, real = targets != NO_TARGET, inputs["padding_mask"].astype(bool)
    assert not there.all() and not real.all()
    theirs, mine = observed(teacher, batches, 0), observed(student, batches, 1)
    for name in ("words", "state_0", "state_1", "state_2", "query"):
        np.testing.assert_allclose(inputs[TEACHER + name], theirs[name], atol=1e-5)
    said, own = log_shares(theirs["words"], 2.0)[there], log_shares(mine["words"], 2.0)[there]
    soft = 4 * (np.exp(said) * (said - own)).sum(axis=-1).mean()
    hard = -log_shares(mine["words"])[there][np.arange(there.sum()), targets[there]].mean()
    one, other = (found["state_2"][real].astype(float) for found in (mine, theirs))
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    states = (1 - (one * other).sum(axis=-1) / lengths).mean()
    hidden = np.mean(
        [
            np.square(mine[f"state_{a}"][real].astype(float) - theirs[f"state_{b}"][real]).mean()
            for a, b in ALL.pairs
        ]
    )
    apart = 0.0
    for pair in (("query", "key"), ("value", "value")):
        rows = []
        for row, mask in enumerate(real):
            said, own = (
                relations(*(found[name][row] for name in pair), mask, 2) for found in (theirs, mine)
            )
            rows += [*(np.exp(said) * (said - own)).sum(axis=-1).mean(axis=0)]
        apart += np.mean(rows)
    expected = {"soft": 5 * soft, "states": states, "hidden": 3 * hidden, "relations": 4 * apart}
    assert min(expected.values()) > 0.001
    found = loss_of(fitted(student, ALL, 2.0), inputs, targets)
    assert found == pytest.approx(expected | {"loss": sum(expected.values()) + 2 * hard}, rel=1e-4)


def test_an_evaluation_needs_no_teacher(made):
    teacher, batches = made
    student = still(fewer_layers(teacher, [1]))
    model = fitted(student, Lessons((1, 2)), 2.0)
    inputs, targets = batches[0]
    found = float(np.ravel(model.test_on_batch(inputs, targets))[0])
    there = targets != NO_TARGET
    logits = log_shares(model.predict_on_batch(inputs))[there]
    hard = -logits[np.arange(there.sum()), targets[there]].mean()
    assert found == pytest.approx(2 * hard, rel=1e-4)


def test_what_counts_for_nothing_is_not_asked_of_the_teacher(made):
    teacher, batches = made
    inputs, _ = taught(batches, teacher, Lessons((1, 2), soft=0.0, states=0.0, relations=1.0))
    own = {name for name in inputs if name.startswith(TEACHER)}
    assert own == {TEACHER + name for name in ("query", "key", "value")}


def test_a_student_of_all_layers_says_what_its_teacher_does(made):
    teacher, batches = made
    student = still(fewer_layers(teacher, [0, 1]))
    pairs = ((0, 0), (1, 1), (2, 2))
    lessons = Lessons((2, 2), hidden=1.0, pairs=pairs, relations=1.0, block=1, heads=2)
    inputs, targets = taught(batches, teacher, lessons)
    found = loss_of(fitted(student, lessons, 0.0), inputs, targets)
    assert found == pytest.approx(dict.fromkeys(found, 0), abs=1e-4)


def test_the_states_of_a_narrower_student_are_projected(made):
    teacher, batches = made
    student = still(narrower(teacher, 3))
    random = np.random.default_rng(0).normal(size=(3, 8)).astype("float32")
    lessons = Lessons((2, 2), soft=0.0, states=1.0, hidden=1.0, pairs=((1, 2),))
    inputs, targets = taught(batches, teacher, lessons)
    real = inputs["padding_mask"].astype(bool)
    theirs, mine = observed(teacher, batches, None), observed(student, batches, None)
    last, other = mine["state_2"][real] @ random, theirs["state_2"][real]
    lengths = np.linalg.norm(last, axis=-1) * np.linalg.norm(other, axis=-1)
    expected = {
        "states": (1 - (last * other).sum(axis=-1) / lengths).mean(),
        "hidden": np.square(mine["state_1"][real] @ random - other).mean(),
    }
    model = fitted(student, lessons, 0.0, random)
    found = loss_of(model, inputs, targets)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-4)
    after = model.projection.get_weights()[0]
    assert np.abs(after - random).max() > 0  # it is trained, too

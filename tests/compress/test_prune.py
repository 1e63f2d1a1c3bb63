"""The step that prunes: what it does at once and in training, and what it refuses."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kerastc.compress.masks.kernels import prunable, zeros
from kerastc.compress.steps.prune import Prune
from kerastc.compress.work import Work
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.inputs.text.batches import text_batches
from kerastc.models import load_encoder, sequence_classifier
from kerastc.outputs.classes import head
from kerastc.run import Run
from kerastc.training.config import TextClassifierConfig

pytestmark = pytest.mark.backend
CLASSES = ("cooking", "sailing", "chess")
WORDS = ("boil salt pan oven", "mast wind harbour rope", "pawn king rook check")


@pytest.fixture
def work(tiny_encoder, tmp_path):
    """A classifier as KerasHub makes it, and 24 texts."""
    encoder = load_encoder(str(tiny_encoder))
    config = TextClassifierConfig(batch_size=8, max_tokens=8)
    labels = np.arange(24, dtype="int32") % 3
    texts = np.array([WORDS[label] for label in labels], dtype=object)
    rows = LabelledTexts(texts, labels, CLASSES, "texts")

    def taught(options, config, more):
        batches = text_batches(rows, encoder.tokenizer, config, config.seed)
        batches.targets = head.with_teacher(batches.targets, 5 * np.eye(3)[labels])
        return batches

    subject = SimpleNamespace(
        config=config,
        head=head,
        output=SimpleNamespace(labels=CLASSES),
        learning_rate=1e-4,
        input=SimpleNamespace(tokenizer=encoder.tokenizer),
        splits=SimpleNamespace(train=rows),
        unlabelled=lambda teaching: rows.examples[:0],
        batches=lambda part: text_batches(rows, encoder.tokenizer, config),
        training_batches=taught,
    )
    model = sequence_classifier(encoder, 3, trainable="all", seed=1)
    return Work(subject, model, Run.create(tmp_path / "run", {"recipe": "text"}))


def test_at_once_every_kernel_and_the_tokens_lose_their_share(work):
    told = Prune(sparsity=0.2, epochs=0).apply(work)["sparsity"]
    assert {path.split("/", 1)[0] for path in told} >= {"pre_classifier", "classifier"}
    assert [path for path in told if "embedding" in path] == [
        "token_and_position_embedding/token_embedding/embeddings"  # not that of the positions
    ]
    assert len(told) == 1 + 2 * 6 + 2  # table, layers, head: no biases
    sizes = {path: int(np.prod(variable.shape)) for path, variable in prunable(work.model)}
    for path, share in told.items():
        assert share == pytest.approx(0.2, abs=0.5 / sizes[path] + 1e-6)


def test_in_training_the_sparsity_is_reached_and_only_such_weights_are_chosen(work):
    # Six batches: the last masks are chosen at the fourth, behind the first evaluation.
    step = Prune(sparsity=0.8, epochs=2, learning_rate=3e-3, exclude="classifier")
    told = step.apply(work)
    shares = [zeros(variable) for _, variable in prunable(work.model, "classifier")]
    np.testing.assert_allclose(shares, 0.8, atol=0.002)
    assert "classifier/kernel" not in told["sparsity"] and told["epochs"] == 2
    assert zeros(work.model.get_layer("classifier").kernel) == 0


def test_a_pattern_needs_matrices_and_spares_tables(work):
    told = Prune(pattern="2:4", epochs=0).apply(work)["sparsity"]
    assert set(told.values()) == {0.5} and not any("tokens" in path for path in told)
    for path, variable in prunable(work.model, "embeddings"):
        kernel = keras.ops.convert_to_numpy(variable)
        assert ((kernel == 0).reshape(-1, 4, kernel.shape[1]).sum(axis=1) == 2).all(), path


def test_blocks_and_all_together(work):
    told = Prune(sparsity=0.5, block="4x1", scope="global", epochs=0).apply(work)["sparsity"]
    found = dict(prunable(work.model))
    assert np.ptp(list(told.values())) > 0.05  # each its own share
    whole = sum(found[path].numpy().size * share for path, share in told.items())
    assert whole / sum(v.numpy().size for v in found.values()) == pytest.approx(0.5, abs=0.01)
    query = found["encoder/block_0/query/kernel"].numpy() == 0
    blocks = query.reshape(-1, 4, query.shape[1]).sum(axis=1)
    assert set(np.unique(blocks)) == {0, 4}


@pytest.mark.parametrize("steps", [1, 7, 100, 5000])
@pytest.mark.parametrize("kind", ["polynomial", "constant"])
def test_the_schedule_ends_within_the_training(steps, kind):
    schedule = Prune(sparsity=0.9, schedule=kind, begin=0.1).scheduled(steps, present=0.3)
    assert 1 <= schedule.begin_step <= schedule.end_step <= steps
    assert schedule(schedule.end_step)[1] == pytest.approx(0.9)
    chosen = [step for step in range(steps + 1) if schedule(step)[0]]
    assert chosen[0] == schedule.begin_step and len(chosen) <= 101
    if kind == "polynomial" and steps > 1:
        assert schedule(schedule.begin_step)[1] == pytest.approx(0.3)


@pytest.mark.parametrize(
    "options, word",
    [
        (dict(), "either sparsity or pattern"),
        (dict(sparsity=0.5, pattern="2:4"), "either sparsity or pattern"),
        (dict(pattern="4:4"), "pattern=4:4 is not possible"),
        (dict(pattern="0:4"), "pattern=0:4 is not possible"),
        (dict(pattern="2:4", block="4x1"), "neither block"),
        (dict(sparsity=0.5, begin=0.6, end=0.5), "end=0.5 is before"),
        (dict(sparsity=0.5, soft=0, hard=0), "nothing to learn from"),
    ],
)
def test_options_that_cannot_work_are_refused(options, word):
    with pytest.raises(UserError, match=word):
        Prune(**options).check([])


def test_bounds_and_order_and_an_exclusion_of_everything_are_refused(work):
    for sparsity in (0.0, 1.0, -0.1):
        with pytest.raises(ValueError, match="sparsity"):
            Prune(sparsity=sparsity)
    for block in ("0x1", "4", "x", "1x1x1"):
        with pytest.raises(ValueError, match="block"):
            Prune(sparsity=0.5, block=block)
    with pytest.raises(UserError, match="would bring weights back"):
        Prune(sparsity=0.5).check([Prune(sparsity=0.8)])
    Prune(sparsity=0.8).check([Prune(sparsity=0.5)])
    with pytest.raises(UserError, match="leaves nothing to prune"):
        Prune(sparsity=0.5, exclude=".", epochs=0).apply(work)

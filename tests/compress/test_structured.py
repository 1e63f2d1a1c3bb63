"""Neurons, heads and layers of an encoder removed: which go, and that the rest stays equal."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kerastc.compress.steps.importance import first_order, magnitude
from kerastc.compress.steps.structured import Structured, least_missed
from kerastc.compress.steps.units import Heads, Neurons
from kerastc.compress.work import Work
from kerastc.errors import UserError
from kerastc.models import compact, load_encoder, sequence_classifier
from kerastc.models.factors import factorised
from kerastc.models.layer_paths import replace, replaceable_layers
from kerastc.models.smaller import fewer_layers
from kerastc.outputs.classes.head import CrossEntropy

pytestmark = pytest.mark.backend
RANDOM = np.random.default_rng(0)
TARGETS = RANDOM.integers(0, 3, (12, 1))
MASK = np.ones((12, 6), "int32")
MASK[::2, 4:] = 0
INPUTS = {"token_ids": RANDOM.integers(0, 50, (12, 6)).astype("int32"), "padding_mask": MASK}


class Rows:
    """Two batches of six rows, as `Batches` gives them."""

    taken = np.arange(12)

    def __len__(self):
        return 2

    def __getitem__(self, index):
        part = slice(6 * index, 6 * index + 6)
        return {name: array[part] for name, array in INPUTS.items()}, TARGETS[part]


@pytest.fixture
def model(tiny_encoder):
    """Two layers of two heads and 32 neurons, whose kernels are large enough to matter."""
    made = compact(sequence_classifier(load_encoder(str(tiny_encoder)), 3, seed=1))
    for one in replaceable_layers(made):
        kernel, *others = one.layer.get_weights()
        one.layer.set_weights([kernel * 3, *others])
    return made


def work_on(model):
    subject = SimpleNamespace(
        calibration=lambda rows, seed: Rows(),
        loss=lambda reduction="sum_over_batch_size": CrossEntropy(reduction=reduction),
    )
    return Work(subject, model, None)


def logits(model):
    return keras.ops.convert_to_numpy(model(INPUTS, training=False))


def loss(model, batch):
    inputs, targets = batch
    found = keras.ops.log_softmax(model(inputs, training=False))
    return -float(np.take_along_axis(keras.ops.convert_to_numpy(found), targets, 1).mean())


def scale_rows(layer, rows, factor):
    kernel, *others = layer.get_weights()
    kernel = kernel.copy()
    kernel[rows] *= factor
    layer.set_weights([kernel, *others])


@pytest.mark.parametrize("kind", ["neurons", "heads"])
def test_first_order_is_the_slope_of_the_loss_by_a_gate(model, kind):
    """A gate on a unit multiplies all weights that read it: central differences tell its slope."""
    block = model.get_layer("encoder").blocks[1]
    units = (Neurons if kind == "neurons" else Heads).of(block, "encoder")
    layer, width = (block.outer, 1) if kind == "neurons" else (block.projection, 8)
    before = model.get_weights()
    found = first_order(model, [units], Rows(), CrossEntropy())[units.path]
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)  # measuring changes nothing
    expected = []
    for unit in range(min(units.count, 4)):
        rows = slice(unit * width, (unit + 1) * width)
        squares = []
        for batch in (Rows()[0], Rows()[1]):
            losses = []
            for gate in (0.98, 1.02):
                scale_rows(layer, rows, gate)
                losses.append(loss(model, batch))
                scale_rows(layer, rows, 1 / gate)
            squares.append(((losses[1] - losses[0]) / 0.04) ** 2)
        expected.append(np.mean(squares))
    np.testing.assert_allclose(found[: len(expected)], expected, rtol=0.05, atol=1e-7)


@pytest.mark.parametrize("by", ["first_order", "magnitude"])
def test_what_has_no_effect_goes_first_and_the_logits_stay(model, by, tmp_path):
    idle = np.sort(RANDOM.permutation(32)[:16])
    for block in model.get_layer("encoder").blocks:
        scale_rows(block.outer, idle, 0)
        scale_rows(block.projection, slice(0, 8), 0)
    before, expected = model.count_params(), logits(model)
    work = work_on(model)
    told = Structured(neurons=0.5, heads=0.5, by=by, epochs=0).apply(work)
    assert told["kept"]["encoder/block_0/neurons"] == [16, 32]
    assert told["kept"]["encoder/block_1/heads"] == [1, 2]
    np.testing.assert_allclose(logits(work.model), expected, atol=1e-5)
    # A neuron has 16 + 1 + 16 weights, a head's four kernels 8 x 16 each and three biases.
    assert work.model.count_params() == before - 2 * (16 * 33 + 4 * 128 + 24)
    work.model.save(tmp_path / "small.keras")
    again = keras.saving.load_model(tmp_path / "small.keras", safe_mode=True)
    np.testing.assert_allclose(logits(again), expected, atol=1e-5)


def test_half_and_half_again_is_a_quarter(model):
    work = work_on(model)
    Structured(neurons=0.5, epochs=0).apply(work)
    told = Structured(neurons=0.5, epochs=0).apply(work)
    assert told["kept"]["encoder/block_0/neurons"] == [8, 16]
    assert np.isfinite(logits(work.model)).all()


def test_factors_lose_neurons_too(model):
    block = model.get_layer("encoder").blocks[0]
    for name in ("inner", "outer"):
        kernel = getattr(block, name).get_weights()[0]
        left, values, right = np.linalg.svd(kernel, full_matrices=False)
        pair = left[:, :4] * values[:4], right[:4]
        path = f"encoder/block_0/{name}"
        model = replace(model, {path: factorised(getattr(block, name), *pair)})
    left, *others = block.outer.get_weights()
    left = left.copy()
    left[:20] = 0
    block.outer.set_weights([left, *others])
    scale_rows(model.get_layer("encoder").blocks[1].outer, slice(8, 28), 0)
    expected = logits(model)
    work = work_on(model)
    Structured(neurons=0.5, epochs=0).apply(work)
    np.testing.assert_allclose(logits(work.model), expected, atol=1e-5)
    assert block.outer.left.shape == (16, 4) and block.inner.right.shape == (4, 16)


def test_over_all_layers_the_weak_ones_lose_more_but_never_everything(model):
    first, _ = model.get_layer("encoder").blocks
    scale_rows(first.outer, slice(None), 1e-4)
    work = work_on(model)
    told = Structured(neurons=0.5, epochs=0, scope="global").apply(work)["kept"]
    kept = [told[f"encoder/block_{i}/neurons"][0] for i in (0, 1)]
    assert sum(kept) == 32 and kept[0] < kept[1] and kept[0] >= 1


def test_magnitude_is_the_product_of_both_norms(model):
    block = model.get_layer("encoder").blocks[0]
    (inner, bias), outer = block.inner.get_weights(), block.outer.get_weights()[0]
    expected = np.sqrt((inner**2).sum(0) + bias**2) * np.sqrt((outer**2).sum(1))
    found = magnitude([Neurons.of(block, "encoder")])["encoder/block_0/neurons"]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), rtol=1e-5)


def test_layers_named_are_dropped(model):
    expected = logits(fewer_layers(model, [1]))
    work = work_on(model)
    told = Structured(drop=(0,), heads=0.5, epochs=0).apply(work)
    assert told["layers_dropped"] == [0]
    assert list(told["kept"]) == ["encoder/block_1/heads"]
    work = work_on(model)
    Structured(drop=(0,), epochs=0).apply(work)
    np.testing.assert_allclose(logits(work.model), expected, atol=1e-6)


def test_layers_counted_are_those_that_the_loss_misses_least(model):
    losses = [
        np.mean([loss(fewer_layers(model, [kept]), Rows()[i]) for i in (0, 1)]) for kept in (1, 0)
    ]
    assert least_missed(model, 1, Rows(), CrossEntropy(reduction="sum")) == [int(np.argmin(losses))]


@pytest.mark.parametrize(
    "options, word",
    [
        (dict(drop=(2,)), r"drop=\[2\], but the model has 2 layers"),
        (dict(drop=(0, 1)), "At least one layer stays"),
        (dict(layers=2), "At least one layer stays"),
        (dict(channels=0.5), "no channels"),
    ],
)
def test_what_cannot_go_is_refused_and_nothing_changes(model, options, word):
    work, before = work_on(model), model.count_params()
    with pytest.raises(UserError, match=word):
        Structured(epochs=0, **options).apply(work)
    assert work.model is model and model.count_params() == before


def test_options_that_say_nothing_or_two_things_are_refused():
    with pytest.raises(UserError, match="what goes"):
        Structured().check([])
    with pytest.raises(UserError, match="not both"):
        Structured(layers=1, drop=(0,)).check([])
    Structured(neurons=0.5).check([])

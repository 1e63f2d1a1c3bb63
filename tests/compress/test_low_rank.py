"""Low rank against closed forms: where inputs are known, so is the best cut."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastc.compress.steps.low_rank import LowRank
from kerastc.compress.work import Work
from kerastc.errors import UserError
from kerastc.inputs.image.compression import CompressedImages
from kerastc.models.factors import Spectrum, factorised, share_budget, smaller
from kerastc.models.layer_paths import replace, replaceable_layers
from kerastc.training.batching import Batches
from kerastc.training.calibration import second_moments

RANDOM = np.random.default_rng(0)


def test_the_plain_cut_loses_the_small_singular_values():
    """Eckart and Young: the squared error is the sum of the squares that were cut."""
    kernel = RANDOM.normal(size=(9, 6))
    spectrum = Spectrum.of(kernel)
    left, right = spectrum.factors(4)
    values = np.linalg.svd(kernel, compute_uv=False)
    assert np.sum((kernel - left @ right) ** 2) == pytest.approx(np.sum(values[4:] ** 2), rel=1e-4)
    assert spectrum.lost(4) == pytest.approx(np.sum(values[4:] ** 2) / np.sum(values**2))


def test_the_weighted_cut_is_the_least_error_on_the_inputs():
    """Reduced-rank regression in closed form: X W on its own first right singular vectors."""
    inputs = RANDOM.normal(size=(400, 9)) @ RANDOM.normal(size=(9, 9))
    kernel = RANDOM.normal(size=(9, 6))
    output = inputs @ kernel
    first = np.linalg.svd(output, full_matrices=False)[2][:3]
    best = kernel @ first.T @ first
    left, right = Spectrum.of(kernel, inputs.T @ inputs / 400).factors(3)
    np.testing.assert_allclose(
        inputs @ left @ right, inputs @ best, atol=0.02 * np.abs(output).max()
    )
    plain = Spectrum.of(kernel).factors(3)
    error = np.sum((inputs @ left @ right - output) ** 2)
    assert error < 0.9 * np.sum((inputs @ plain[0] @ plain[1] - output) ** 2)


def test_frequent_tokens_of_a_table_are_kept_best():
    table = RANDOM.normal(size=(20, 8))
    shares = np.array([1.0] * 4 + [0.0] * 16) / 4
    left, right = Spectrum.of(table, shares).factors(4)
    error = np.sum((table - left @ right) ** 2, axis=1)
    assert error[:4].max() < 0.01 < error[4:].min()


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**16))
@settings(max_examples=30)
def test_full_rank_gives_the_kernel_back(inputs, outputs, seed):
    random = np.random.default_rng(seed)
    kernel = random.normal(size=(inputs, outputs))
    rows = random.normal(size=(30, inputs))
    left, right = Spectrum.of(kernel, rows.T @ rows / 30).factors(min(inputs, outputs))
    np.testing.assert_allclose(left @ right, kernel, atol=1e-3)


def test_the_least_rank_for_an_energy():
    spectrum = Spectrum.of(np.diag([3.0, 2.0, 1.0]))  # energies 9, 4, 1 of 14
    assert [spectrum.rank_for(share) for share in (0.6, 9.1 / 14, 0.92, 0.95)] == [1, 2, 2, 3]


def test_a_budget_goes_where_it_gains_most():
    flat, steep = np.eye(8), np.diag([1, 0.01, 0.01, 0.01, 0, 0, 0, 0])
    spectra = {"flat": Spectrum.of(flat), "steep": Spectrum.of(steep)}
    ranks = share_budget(spectra, 0.75)  # 96 parameters, 16 a rank
    assert ranks == {"flat": 5, "steep": 1}


def test_factors_that_are_not_smaller_are_not_made():
    assert smaller(191, 384, 384) and not smaller(192, 384, 384)


def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    inputs = keras.Input((12,))
    x = keras.layers.Dense(16, activation="relu", name="first")(inputs)
    return keras.Model(inputs, keras.layers.Dense(3, name="last")(x))


def work_on(model: keras.Model, rows: np.ndarray) -> Work:
    batches = Batches(rows, np.zeros((len(rows), 3), "float32"), 16)
    subject = SimpleNamespace(
        input=SimpleNamespace(full_rank=lambda model: ()),
        calibration=lambda n, seed: batches.sample(n, seed),
    )
    return Work(subject, model, None)


@pytest.mark.backend
def test_second_moments_are_those_of_the_inputs_without_padding():
    rows = RANDOM.normal(size=(40, 12)).astype("float32")
    model = network()
    found = replaceable_layers(model)
    moments = second_moments(model, found, Batches(rows, rows, 16))
    hidden = np.maximum(rows @ found[0].layer.get_weights()[0], 0)
    np.testing.assert_allclose(moments["first"], rows.T @ rows / 40, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(moments["last"], hidden.T @ hidden / 40, rtol=1e-3, atol=1e-4)

    table = keras.layers.Embedding(5, 2, name="tokens")
    inputs = {
        name: keras.Input((None,), dtype="int32", name=name) for name in ("ids", "padding_mask")
    }
    model = keras.Model(inputs, table(inputs["ids"]))
    batch = {
        "ids": np.array([[1, 1, 4], [2, 0, 0]]),
        "padding_mask": np.array([[1, 1, 1], [1, 0, 0]]),
    }
    feed = type("One", (), {"__len__": lambda s: 1, "__getitem__": lambda s, i: (batch,)})()
    shares = second_moments(model, replaceable_layers(model), feed)["tokens"]
    np.testing.assert_allclose(shares, [0, 0.5, 0.25, 0, 0.25])


@pytest.mark.backend
def test_the_step_replaces_kernels_and_says_which():
    rows = (RANDOM.normal(size=(60, 4)) @ RANDOM.normal(size=(4, 12))).astype("float32")
    model = network()
    expected = model.predict_on_batch(rows)
    work = work_on(model, rows)
    told = LowRank(rank=4).apply(work)
    assert told["ranks"] == {"first": 4} and told["kept_as_they_were"] == ["last"]
    assert told["output_energy_lost"]["first"] < 1e-3  # the inputs have rank 4
    np.testing.assert_allclose(work.model.predict_on_batch(rows), expected, atol=2e-2)
    assert work.model.count_params() == 12 * 4 + 4 * 16 + 16 + 16 * 3 + 3


@pytest.mark.backend
def test_excluded_layers_stay_and_a_step_without_layers_is_refused():
    work = work_on(network(), np.ones((8, 12), "float32"))
    before = work.model.count_params()
    with pytest.raises(UserError, match="nothing to do"):
        LowRank(rank=2, exclude="first|last").apply(work)
    assert work.model.count_params() == before
    with pytest.raises(UserError, match="not a regular expression"):
        LowRank(rank=2, exclude="(").apply(work)


def test_the_classifier_of_images_stays_whatever_its_name():
    images = keras.Input((6, 6, 3))
    x = keras.layers.Conv2D(16, 3, name="conv")(images)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(images, keras.layers.Dense(8, name="answers")(x))
    work = work_on(model, np.ones((8, 6, 6, 3), "float32"))
    assert LowRank(rank=1).apply(work)["ranks"] == {"conv": 1, "answers": 1}
    work = work_on(model, np.ones((8, 6, 6, 3), "float32"))
    work.subject.input = CompressedImages.__new__(CompressedImages)
    assert LowRank(rank=1).apply(work)["ranks"] == {"conv": 1}


@pytest.mark.parametrize(
    ("fields", "message"),
    [({}, "how low"), ({"rank": 3, "energy": 0.5}, "one of rank, energy and budget")],
)
def test_contradictions_are_refused_before_any_work(fields, message):
    with pytest.raises(UserError, match=message):
        LowRank(**fields).check([])


def test_a_convolution_of_full_rank_stays_the_same():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6, 6, 3))
    x = keras.layers.Conv2D(8, 3, name="conv")(inputs)
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))
    images = RANDOM.normal(size=(2, 6, 6, 3)).astype("float32")
    expected = model.predict_on_batch(images)
    layer = model.get_layer("conv")
    spectrum = Spectrum.of(np.asarray(layer.get_weights()[0]).reshape(27, 8))
    changed = replace(model, {"conv": factorised(layer, *spectrum.factors(8))})
    np.testing.assert_allclose(changed.predict_on_batch(images), expected, atol=1e-5)

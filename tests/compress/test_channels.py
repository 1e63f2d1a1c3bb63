"""Channels of convolutional networks removed: chains, residual blocks, and what stays whole."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from kerastc.compress.channels import channels
from kerastc.compress.step import Work
from kerastc.compress.structured import Structured
from kerastc.errors import UserError
from kerastc.training.batching import Batches

pytestmark = pytest.mark.backend
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.normal(size=(16, 8, 8, 3)).astype("float32")
TARGETS = np.eye(4, dtype="float32")[RANDOM.integers(0, 4, 16)]


def work_on(model):
    batches = Batches(IMAGES, TARGETS, 8)
    return Work(SimpleNamespace(calibration=lambda rows, seed: batches), model, None)


def settle(model):
    """Gives every normalisation statistics, scale and shift of its own."""
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([RANDOM.uniform(0.5, 2, w.shape) for w in layer.get_weights()])


def chain():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(6, 3, padding="same", use_bias=False, name="first"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Conv2D(8, 3, activation="relu", name="second"),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(4, name="classifier"),
        ]
    )
    settle(model)
    return model


def residual():
    """Pre-activation: what flows into the addition must keep its channels."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 3))
    stem = layers.Conv2D(6, 3, padding="same", name="stem")(inputs)
    x = layers.ReLU()(layers.BatchNormalization(name="norm_1")(stem))
    x = layers.Conv2D(6, 3, padding="same", name="inside")(x)
    x = layers.ReLU()(layers.BatchNormalization(name="norm_2")(x))
    x = layers.Conv2D(6, 3, padding="same", name="outside")(x)
    x = layers.GlobalAveragePooling2D()(layers.Add(name="sum")([stem, x]))
    model = keras.Model(inputs, layers.Dense(4, name="classifier")(x))
    settle(model)
    return model


def logits(model):
    return keras.ops.convert_to_numpy(model(IMAGES, training=False))


@pytest.mark.parametrize("by", ["first_order", "magnitude"])
def test_idle_channels_of_a_chain_go_and_the_logits_stay(by, tmp_path):
    model = chain()
    norm, second = model.get_layer("norm"), model.get_layer("second")
    gamma, beta, *statistics = norm.get_weights()
    gamma[[0, 2, 5]] = beta[[0, 2, 5]] = 0  # three of six say nothing
    norm.set_weights([gamma, beta, *statistics])
    kernel, bias = (w.copy() for w in second.get_weights())
    kernel[..., [1, 2, 3, 7]] = 0
    bias[[1, 2, 3, 7]] = 0
    second.set_weights([kernel, bias])
    expected = logits(model)
    work = work_on(model)
    told = Structured(channels=0.5, by=by, epochs=0).apply(work)
    assert told["kept"] == {"first": [3, 6], "second": [4, 8]}
    np.testing.assert_allclose(logits(work.model), expected, atol=1e-5)
    assert work.model.get_layer("second").kernel.shape == (3, 3, 3, 4)
    assert work.model.get_layer("classifier").kernel.shape == (2 * 2 * 4, 4)
    work.model.save(tmp_path / "small.keras")
    again = keras.saving.load_model(tmp_path / "small.keras", safe_mode=True)
    np.testing.assert_allclose(logits(again), expected, atol=1e-5)


def test_only_the_inside_of_a_residual_block_shrinks():
    model = residual()
    found, reasons = channels(model)
    assert [units.path for units in found] == ["inside"]
    assert reasons == dict.fromkeys(("stem", "outside"), "they flow into sum (Add)")
    # The model with gates on the channels that go: a removed channel is one whose reader sees zero.
    work = work_on(model)
    told = Structured(channels=0.5, by="magnitude", epochs=0).apply(work)
    assert told["kept"] == {"inside": [3, 6]}
    kept = work.model.get_layer("outside").get_weights()[0]
    gated = residual()
    gated.set_weights(model.get_weights())
    kernel, bias = gated.get_layer("outside").get_weights()
    stays = [
        any(np.array_equal(kernel[:, :, i], kept[:, :, j]) for j in range(3)) for i in range(6)
    ]
    kernel[:, :, ~np.array(stays)] = 0
    gated.get_layer("outside").set_weights([kernel, bias])
    np.testing.assert_allclose(logits(work.model), logits(gated), atol=1e-5)


def test_a_network_whose_channels_are_all_added_is_refused_with_the_reason():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", name="left")(inputs)
    y = layers.Conv2D(4, 3, padding="same", name="right")(inputs)
    x = layers.GlobalAveragePooling2D()(layers.Add(name="sum")([x, y]))
    model = keras.Model(inputs, x)
    with pytest.raises(UserError, match=r"left: they flow into sum \(Add\)"):
        Structured(channels=0.5, epochs=0).apply(work_on(model))


@pytest.mark.parametrize(
    "between, reason",
    [
        (lambda: layers.Softmax(), "Softmax"),
        (lambda: layers.Activation("softmax", name="soft"), "soft is a softmax"),
        (lambda: layers.DepthwiseConv2D(3, name="deep"), "deep"),
        (lambda: layers.Conv2D(4, 3, groups=2, name="split"), "split has groups"),
        (lambda: layers.BatchNormalization(axis=1, name="rows"), "another axis"),
    ],
)
def test_layers_that_mix_channels_hold_them(between, reason):
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, name="conv"),
            between(),
            layers.Conv2D(4, 3, name="last"),
        ]
    )
    found, reasons = channels(model)
    assert not found and reason in reasons["conv"]
    assert reasons["last"] == "they are an output of the model"


def test_a_layer_that_is_used_twice_stays():
    inputs = keras.Input((8, 8, 3))
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    model = keras.Model(inputs, layers.Conv2D(2, 3)(shared(shared(inputs))))
    assert channels(model)[1]["shared"] == "shared is used at several places"

"""Channels of convolutional networks removed: chains, residual streams, and what stays whole."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from kerastc.compress.steps.channels import channels
from kerastc.compress.steps.importance import first_order, magnitude
from kerastc.compress.steps.structured import Structured, remove
from kerastc.compress.work import Work
from kerastc.errors import UserError
from kerastc.models.image_classifier import image_classifier
from kerastc.outputs.classes.head import CrossEntropy
from kerastc.training.batching import Batches

pytestmark = pytest.mark.backend
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.normal(size=(16, 8, 8, 3)).astype("float32")
TARGETS = RANDOM.integers(0, 4, (16, 1))


def work_on(model):
    batches = Batches(IMAGES, TARGETS, 8)
    return Work(
        SimpleNamespace(calibration=lambda rows, seed: batches, loss=CrossEntropy), model, None
    )


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


def scale_inputs(layer, channel, factor):
    """Puts a gate on what a layer reads of a channel."""
    kernel, *others = layer.get_weights()
    kernel = kernel.copy()
    kernel[..., channel, :] *= factor
    layer.set_weights([kernel, *others])


def test_what_additions_tie_together_goes_together():
    model = residual()
    found, reasons = channels(model)
    assert [units.path for units in found] == ["stem+outside", "inside"] and not reasons
    stream = found[0]
    assert [norm.name for norm in stream.batch_norms] == ["norm_1"]
    assert {reader.layer.name for reader in stream.readers} == {"inside", "classifier"}
    # A removed channel is one of which all that read the stream, or the inside, see zero.
    scores = magnitude(found)
    gated = residual()
    gated.set_weights(model.get_weights())
    work = work_on(model)
    told = Structured(channels=0.5, by="magnitude", epochs=0).apply(work)
    assert told["kept"] == {"stem+outside": [3, 6], "inside": [3, 6]}
    for path, readers in {"stem+outside": ["inside", "classifier"], "inside": ["outside"]}.items():
        for channel in np.argsort(scores[path])[:3]:
            for name in readers:
                scale_inputs(gated.get_layer(name), channel, 0)
    assert work.model.get_layer("inside").kernel.shape == (3, 3, 3, 3)
    np.testing.assert_allclose(logits(work.model), logits(gated), atol=1e-5)


def loss(model, rows):
    found = keras.ops.log_softmax(model(IMAGES[rows], training=False))
    return -float(np.take_along_axis(keras.ops.convert_to_numpy(found), TARGETS[rows], 1).mean())


def test_first_order_of_a_stream_is_the_slope_by_one_gate_for_all_its_readers():
    model = residual()
    stream = channels(model)[0][0]
    found = first_order(model, [stream], Batches(IMAGES, TARGETS, 8), CrossEntropy())[
        "stem+outside"
    ]
    expected = np.zeros(6)
    for channel in range(6):
        for rows in (slice(8), slice(8, 16)):
            losses = []
            for gate in (0.98, 1.02):
                for name in ("inside", "classifier"):
                    scale_inputs(model.get_layer(name), channel, gate)
                losses.append(loss(model, rows))
                for name in ("inside", "classifier"):
                    scale_inputs(model.get_layer(name), channel, 1 / gate)
            expected[channel] += ((losses[1] - losses[0]) / 0.04) ** 2 / 2
    np.testing.assert_allclose(found, expected, rtol=0.05, atol=1e-7)


# By architecture, one of its groups of channels: what writes and what normalises them.
GROUPS = {
    "residual": (["stage2_block1_shortcut", "stage2_block1_conv2"], ["stage3_block1_1_norm"]),
    "wide": (
        [f"stage2_block{n}_conv2" for n in (1, 2)] + ["stage2_block1_shortcut"],
        ["stage2_block2_1_norm", "stage3_block1_1_norm"],
    ),
    "cnn": (["block2_conv1"], ["block2_conv1_norm"]),
}


@pytest.mark.parametrize("by", ["first_order", "magnitude"])
@pytest.mark.parametrize("architecture", GROUPS)
def test_idle_channels_of_our_networks_go_and_the_logits_stay(architecture, by, tmp_path):
    depth = {"residual": 1, "wide": 2, "cnn": 2}[architecture]
    model = image_classifier((8, 8, 3), 4, architecture, width=0.25, depth=depth)
    settle(model)
    writers, norms = (list(map(model.get_layer, names)) for names in GROUPS[architecture])
    count = writers[0].filters
    idle = RANDOM.permutation(count)[: count // 2]
    for writer in writers:
        kernel = writer.get_weights()[0].copy()
        kernel[..., idle] = 0
        writer.set_weights([kernel])
    for norm in norms:
        gamma, beta, *statistics = norm.get_weights()
        gamma[idle] = beta[idle] = 0
        norm.set_weights([gamma, beta, *statistics])
    expected = logits(model)
    found, reasons = channels(model)
    [group] = [u for u in found if {w.name for w in u.writers} == {w.name for w in writers}]
    assert not reasons and sorted(np.argsort(group.norms())[: count // 2]) == sorted(idle)
    if by == "magnitude":
        scores = magnitude([group])
    else:
        scores = first_order(model, [group], Batches(IMAGES, TARGETS, 8), CrossEntropy())
    small, sizes = remove(model, [([group], 0.5)], scores, "layer")
    assert sizes == {group.path: [count - count // 2, count]}
    np.testing.assert_allclose(logits(small), expected, atol=1e-4)
    small.save(tmp_path / "small.keras")
    again = keras.saving.load_model(tmp_path / "small.keras", safe_mode=True)
    np.testing.assert_allclose(logits(again), expected, atol=1e-4)


@pytest.mark.parametrize("architecture", GROUPS)
def test_every_channel_of_our_networks_can_go(architecture):
    model = image_classifier((8, 8, 1), 4, architecture, width=0.25)
    found, reasons = channels(model)
    convolutions = {layer.name for layer in model.layers if isinstance(layer, layers.Conv2D)}
    assert not reasons
    assert {writer.name for units in found for writer in units.writers} == convolutions


def test_a_normalisation_behind_a_flattened_map_loses_all_places_of_a_channel():
    inputs = keras.Input((8, 8, 3))
    x = layers.MaxPooling2D(4)(layers.Conv2D(6, 3, padding="same", name="conv")(inputs))
    x = layers.BatchNormalization(name="norm")(layers.Flatten()(x))
    model = keras.Model(inputs, layers.Dense(4, name="classifier")(x))
    settle(model)
    [units] = channels(model)[0]
    idle = np.argsort(units.norms())[:3]
    kernel, bias = (w.copy() for w in model.get_layer("classifier").get_weights())
    work = work_on(model)
    Structured(channels=0.5, by="magnitude", epochs=0).apply(work)
    assert work.model.get_layer("norm").gamma.shape == (2 * 2 * 3,)
    kernel.reshape(4, 6, 4)[:, idle] = 0
    model.get_layer("classifier").set_weights([kernel, bias])
    np.testing.assert_allclose(logits(work.model), logits(model), atol=1e-5)


def test_channels_that_are_the_output_are_refused_with_the_reason():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", name="left")(inputs)
    y = layers.Conv2D(4, 3, padding="same", name="right")(inputs)
    x = layers.GlobalAveragePooling2D()(layers.Add(name="sum")([x, y]))
    model = keras.Model(inputs, x)
    with pytest.raises(UserError, match="left: they are an output of the model; right: they are"):
        Structured(channels=0.5, epochs=0).apply(work_on(model))


def test_a_stream_that_the_images_join_stays_whole():
    inputs = keras.Input((8, 8, 3))
    x = layers.Add(name="sum")([inputs, layers.Conv2D(3, 3, padding="same", name="conv")(inputs)])
    model = keras.Model(inputs, layers.Conv2D(2, 3)(x))
    assert channels(model)[1]["conv"] == "they are an input of the model"


def test_maps_that_are_not_of_one_shape_are_not_tied():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", name="wide")(inputs)
    y = layers.GlobalAveragePooling2D(keepdims=True)(layers.Conv2D(1, 3, name="one")(inputs))
    model = keras.Model(inputs, layers.Conv2D(2, 3)(layers.Add(name="sum")([x, y])))
    reasons = channels(model)[1]
    assert reasons["wide"] == reasons["one"] == "they flow into sum (Add)"


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

"""Networks of images: what they compute, against PyTorch's own layers."""

import keras
import numpy as np
import pytest

from kerastc.errors import UserError
from kerastc.models import any_size, encoder_of, image_classifier, maps_of


def images(shape, rows=3, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, *shape))
    return pixels.astype("float32")


def shaken(model):
    """The model with statistics and scales of norms that are no longer ones and zeros."""
    random = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    return model


class InTorch:
    """The layers of a Keras model as PyTorch functions of (rows, channels, height, width)."""

    def __init__(self, model):
        self.torch = pytest.importorskip("torch", reason="checked where PyTorch is installed")
        self.functional = self.torch.nn.functional
        self.model = model

    def tensor(self, pixels):
        return self.torch.from_numpy(pixels).permute(0, 3, 1, 2)

    def weights(self, name):
        return [self.torch.from_numpy(w.copy()) for w in self.model.get_layer(name).get_weights()]

    def convolved(self, x, name, strides=1):
        [kernel] = self.weights(name)
        kernel = kernel.permute(3, 2, 0, 1)
        if kernel.shape[-1] == 1:
            return self.functional.conv2d(x, kernel, stride=strides)
        # TensorFlow's "same" pads an even side at its end alone where it strides.
        pad = [(0 if strides == 2 and side % 2 == 0 else 1, 1) for side in x.shape[:1:-1]]
        padded = self.functional.pad(x, (*pad[0], *pad[1]))
        return self.functional.conv2d(padded, kernel, stride=strides)

    def means(self, x):
        return self.functional.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)

    def activated(self, x, name):
        scale, shift, mean, variance = self.weights(f"{name}_norm")
        x = self.functional.batch_norm(x, mean, variance, scale, shift, eps=1e-3)
        return self.functional.relu(x)

    def classified(self, x):
        kernel, bias = self.weights("classifier")
        return (x.mean(dim=(2, 3)) @ kernel + bias).numpy()


@pytest.mark.backend
@pytest.mark.parametrize("sides", [(16, 16), (20, 28)])  # 28 is halved to 14, 7 and 4
def test_the_residual_network_is_that_of_the_papers(sides):
    shape = (*sides, 3)
    model = shaken(image_classifier(shape, 5, width=0.25, statistics=([100.0] * 3, [50.0] * 3)))
    net, pixels = InTorch(model), images(shape)
    x = net.tensor((pixels - 100) / 50)
    x = net.convolved(x, "stem")
    for stage in range(1, 5):
        name, strides = f"stage{stage}_block1", 2 if stage > 1 else 1
        inner = net.activated(x, f"{name}_1")
        pooled = net.means(inner) if stage > 1 else inner
        shortcut = net.convolved(pooled, f"{name}_shortcut") if stage > 1 else x
        inner = net.convolved(inner, f"{name}_conv1", strides)
        x = shortcut + net.convolved(net.activated(inner, f"{name}_2"), f"{name}_conv2")
    expected = net.classified(net.activated(x, "last"))
    np.testing.assert_allclose(model.predict_on_batch(pixels), expected, atol=2e-4)


@pytest.mark.backend
def test_the_cnn_has_blocks_of_two_convolutions_and_a_pool():
    model = shaken(image_classifier((8, 8, 1), 4, "cnn", width=0.1))
    net, pixels = InTorch(model), images((8, 8, 1))
    x = net.tensor((pixels - 127.5) / 64)
    for block in (1, 2, 3):
        for number in (1, 2):
            name = f"block{block}_conv{number}"
            x = net.activated(net.convolved(x, name), name)
        x = net.functional.max_pool2d(x, 2)
    np.testing.assert_allclose(model.predict_on_batch(pixels), net.classified(x), atol=2e-4)


@pytest.mark.parametrize(
    ("architecture", "millions", "tolerance"),
    [("residual", 1.25, 0.01), ("wide", 1.5, 0.05)],  # the trial's count; Sohn et al. 2020, table 2
)
def test_the_sizes_are_the_published_ones(architecture, millions, tolerance):
    model = image_classifier((32, 32, 3), 100, architecture)
    assert model.count_params() / 1e6 == pytest.approx(millions, abs=tolerance)


def test_wider_and_deeper():
    base = image_classifier((8, 8, 1), 3, width=0.5)
    assert image_classifier((8, 8, 1), 3, width=1.0).count_params() > 3 * base.count_params()
    deeper = {layer.name for layer in image_classifier((8, 8, 1), 3, depth=2).layers}
    assert "stage4_block2_conv2" in deeper


def test_encoder_and_maps_share_the_weights():
    model = image_classifier((8, 8, 3), 3, width=0.25)
    pixels = images((8, 8, 3))
    maps, features = maps_of(model), encoder_of(model)
    found = maps.predict_on_batch(pixels)
    np.testing.assert_allclose(
        found.mean(axis=(1, 2)), features.predict_on_batch(pixels), atol=1e-6
    )
    assert maps.get_layer("stem") is model.get_layer("stem")


def test_a_seed_fixes_the_weights():
    one, same, other = (image_classifier((8, 8, 1), 3, width=0.25, seed=s) for s in (1, 1, 2))
    for a, b in zip(one.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (one.get_layer("stem").kernel != other.get_layer("stem").kernel).numpy().any()


def test_the_penalty_is_the_sum_of_the_squares_of_every_kernel():
    model = image_classifier((8, 8, 1), 3, width=0.25, l2=0.1)
    kernels = [w for w in model.get_weights() if w.ndim == 4]
    expected = sum(0.1 * np.square(w).sum() for w in kernels)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


def test_a_saved_network_is_read_in_safe_mode(tmp_path):
    model = image_classifier((8, 8, 3), 3, width=0.25)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    pixels = images((8, 8, 3))
    np.testing.assert_array_equal(again.predict_on_batch(pixels), model.predict_on_batch(pixels))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"architecture": "residul"}, "Did you mean 'residual'"),
        ({"shape": (4, 8, 3)}, r"shape=\(4, 8, 3\)"),
        ({"shape": (8, 8, 2)}, "1 or 3 channels"),
        ({"classes": 1}, "classes=1"),
        ({"width": 0}, "width=0"),
        ({"depth": -1}, "depth=-1"),
        ({"dropout": 1.0}, "dropout=1.0"),
    ],
)
def test_what_cannot_be_built_is_told(changed, message):
    with pytest.raises(UserError, match=message):
        image_classifier(**{"shape": (8, 8, 3), "classes": 3} | changed)


@pytest.mark.backend
@pytest.mark.parametrize("architecture", ["residual", "cnn"])
def test_any_size_is_the_same_layers(architecture):
    model = shaken(image_classifier((16, 16, 3), 5, architecture, width=0.25))
    other = any_size(model)
    pixels = images((16, 16, 3))
    found, expected = (keras.ops.convert_to_numpy(m(pixels)) for m in (other, model))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert other(images((12, 20, 3))).shape == (3, 5)
    assert [id(w) for w in other.weights] == [id(w) for w in model.weights]

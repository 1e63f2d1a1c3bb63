"""A classifier of photographs: a network that learned on ImageNet, pooling, and a linear layer."""

import re

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.models.efficientnet_lite import (
    DEVIATION,
    MEAN,
    efficientnet_lite0,
    lite0_parts,
    load_lite0,
)
from kerastc.models.parts import head_layers

BACKBONES = ("efficientnet-lite0",)
SMALLEST = 32  # pixels per side: five halvings leave one


def photo_classifier(
    shape: tuple[int, int, int],
    classes: int,
    backbone: str = "efficientnet-lite0",
    weights: str = "published",
    dropout: float = 0.2,
    seed: int = 0,
) -> keras.Model:
    """Builds scaling → pretrained network → global average pooling → dropout → dense.

    Args:
        shape: height, width and channels of an image; the channels are three.
        classes: number of classes, two or more.
        backbone: the network, one of `BACKBONES`.
        weights: "published", or "random".
        dropout: rate before the last layer.
        seed: determines the first weights that are random, and the dropout.

    Returns:
        "images" (batch, height, width, 3) float32, pixels from 0 to 255, to logits
        (batch, classes) float32. All layers are layers of the model itself.

    Raises:
        UserError: an argument is not allowed, or the weights are not installed or damaged.
    """
    if len(shape) != 3 or min(shape[:2]) < SMALLEST or shape[2] != 3:
        raise UserError(
            f"shape={tuple(shape)} is not possible with {backbone}.",
            f"Images have height, width and 3 channels, and at least {SMALLEST} pixels per side.",
        )
    if classes < 2:
        raise UserError(f"classes={classes}: a classifier needs two or more.")
    if backbone not in BACKBONES:
        raise UserError(
            f"backbone={backbone!r} is not known for photographs.",
            f"Allowed: {', '.join(BACKBONES)}.",
        )
    images = keras.Input(shape, dtype="float32", name="images")
    x = keras.layers.Rescaling(1 / DEVIATION, -MEAN / DEVIATION, name="scaling")(images)
    x = efficientnet_lite0(x, seed)
    x = keras.layers.GlobalAveragePooling2D(dtype="float32", name="features")(x)
    x = keras.layers.Dropout(dropout, seed=seed, dtype="float32", name="head_dropout")(x)
    initializer = keras.initializers.GlorotUniform(seed=seed)
    logits = keras.layers.Dense(
        classes, kernel_initializer=initializer, dtype="float32", name="classifier"
    )(x)
    model = keras.Model(images, logits, name="image_classifier")  # as in all saved models
    if weights == "published":
        load_lite0(model)
    return model


def tune(model: keras.Model, trainable: str, norms: bool = False) -> int:
    """Chooses the layers of a `photo_classifier` that are trained; the last one always is.

    Args:
        model: not compiled since.
        trainable: "head", "top_K" parts of the pretrained network, or "all". Its parts are, from
            the top, its last convolution, its blocks and its stem.
        norms: whether their normalisations are trained, too, and follow the batches; else they
            stay as ImageNet left them.

    Returns:
        The number of parameters that are trained.

    Raises:
        UserError: `trainable` is none of these.
    """
    parts = lite0_parts(model)
    found = re.fullmatch(r"head|all|top_([1-9]\d*)", trainable)
    if found is None or (found[1] and int(found[1]) > len(parts)):
        raise UserError(
            f"trainable={trainable!r} is not possible.",
            f"Allowed: head, all, and top_1 to top_{len(parts)}.",
        )
    count = int(found[1] or (len(parts) if trainable == "all" else 0))
    for depth, part in enumerate(reversed(parts)):
        for layer in part:
            norm = isinstance(layer, keras.layers.BatchNormalization)
            layer.trainable = depth < count and (norms or not norm)
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def head_of(model: keras.Model) -> keras.Model:
    """Pooled features (batch, width) to the outputs of an image classifier; weights are shared."""
    layers = head_layers(model)
    features = keras.Input(layers[0].input.shape[1:], dtype="float32", name="features")
    x = features
    for layer in layers:
        x = layer(x)
    return keras.Model(features, x, name="head")

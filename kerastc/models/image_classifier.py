"""An image classifier: a convolutional encoder, pooling, and a linear layer."""

from collections.abc import Sequence

import keras

from kerastc.errors import UserError, nearest
from kerastc.models.image_networks import Convolutions, cnn, residual
from kerastc.models.parts import pooling_layer

# The meaning of width=1 and depth=0: filters of the stages, convolutions or blocks in each.
ARCHITECTURES = {
    "residual": ((32, 64, 128, 256), 1),  # 1.25 M parameters: the default on two cores
    "cnn": ((96, 192, 256), 2),  # that of the CIFAR-100 study of 2025
    "wide": ((32, 64, 128), 4),  # WideResNet-28-2 (Zagoruyko and Komodakis 2016, table 1)
}
SMALLEST = 8  # pixels per side: three halvings leave one


def image_classifier(
    shape: tuple[int, int, int],
    classes: int,
    architecture: str = "residual",
    width: float = 1.0,
    depth: int = 0,
    dropout: float = 0.2,
    l2: float = 0.0,
    statistics: tuple[Sequence[float], Sequence[float]] | None = None,
    seed: int = 0,
) -> keras.Model:
    """Builds scaling → encoder → global average pooling → dropout → dense.

    Args:
        shape: height, width and channels of an image.
        classes: number of classes, two or more.
        architecture: "residual" (pre-activation), "cnn" (the study's) or "wide".
        width: factor of the number of filters.
        depth: blocks per stage, for the CNN convolutions per block; 0 is the default.
        dropout: rate before the last layer.
        l2: penalty of each kernel, added to the loss; 0 is none.
        statistics: mean and standard deviation of each channel, on the scale of the pixels; by
            default 127.5 and 64.
        seed: determines the first weights and the dropout.

    Returns:
        "images" (batch, height, width, channels) float32, pixels from 0 to 255, to logits
        (batch, classes) float32.

    Raises:
        UserError: an argument is not allowed; the message names it and the allowed values.
    """
    _check(shape, classes, architecture, width, depth, dropout)
    filters, own_depth = ARCHITECTURES[architecture]
    filters = [max(8, 8 * round(width * count / 8)) for count in filters]
    depth = depth or own_depth
    make = Convolutions(seed, l2)
    images = keras.Input(shape, dtype="float32", name="images")
    x = _scaled(images, statistics or ([127.5], [64.0]))
    if architecture == "cnn":
        x = cnn(x, make, filters, depth)
    else:
        wide = architecture == "wide"  # as it was published
        x = residual(x, make, filters, depth, 16 if wide else filters[0], pooled=not wide)
    x = keras.layers.GlobalAveragePooling2D(dtype="float32", name="features")(x)
    x = keras.layers.Dropout(dropout, seed=seed, dtype="float32", name="head_dropout")(x)
    logits = keras.layers.Dense(
        classes, kernel_initializer=make.initializer(), dtype="float32", name="classifier"
    )(x)
    return keras.Model(images, logits, name="image_classifier")


def encoder_of(model: keras.Model) -> keras.Model:
    """Images to pooled features (batch, width) of an `image_classifier`; weights are shared."""
    return keras.Model(model.input, pooling_layer(model).output, name="encoder")


def maps_of(model: keras.Model) -> keras.Model:
    """Images to the last feature map (batch, height, width, channels); weights are shared."""
    return keras.Model(model.input, pooling_layer(model).input, name="maps_encoder")


def any_size(model: keras.Model) -> keras.Model:
    """The same layers for images of any size, if a global pooling comes before the end."""
    *sides, channels = model.inputs[0].shape[1:]
    images = keras.Input((*(None for _ in sides), channels), dtype="float32", name="any_images")
    return keras.models.clone_model(model, input_tensors=images, clone_function=lambda layer: layer)


def _scaled(images, statistics):
    mean, deviation = (list(map(float, values)) for values in statistics)
    scale = [1 / max(value, 1.0) for value in deviation]
    offset = [-m * s for m, s in zip(mean, scale, strict=True)]
    return keras.layers.Rescaling(scale, offset, name="scaling")(images)


def _check(shape, classes, architecture, width, depth, dropout) -> None:
    if len(shape) != 3 or min(shape[:2]) < SMALLEST or shape[2] not in (1, 3):
        raise UserError(
            f"shape={tuple(shape)} is not possible.",
            f"Images have height, width, 1 or 3 channels, and at least {SMALLEST} pixels per side.",
        )
    if classes < 2:
        raise UserError(f"classes={classes}: a classifier needs two or more.")
    if architecture not in ARCHITECTURES:
        raise UserError(
            f"architecture={architecture!r} is not known.",
            f"{nearest(architecture, ARCHITECTURES)} Allowed: {', '.join(ARCHITECTURES)}.".lstrip(),
        )
    if not 0 < width <= 32 or depth < 0:
        raise UserError(
            f"width={width}, depth={depth} is not possible.",
            "Give a width above 0, at most 32, and a depth of 1 or more; 0 is the usual one.",
        )
    if not 0 <= dropout < 1:
        raise UserError(f"dropout={dropout} is not possible.", "Give a rate from 0 to below 1.")

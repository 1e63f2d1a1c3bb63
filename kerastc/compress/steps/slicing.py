"""Copies of layers with only some of their inputs or outputs."""

import keras
import numpy as np

from kerastc.models.low_rank import LowRankConv2D, LowRankDense

CONVOLUTIONS = (keras.layers.Conv2D, LowRankConv2D)
DENSE = (keras.layers.Dense, LowRankDense)


def with_outputs(layer: keras.layers.Layer, kept: np.ndarray) -> keras.layers.Layer:
    """A dense or convolution layer with only the outputs `kept`, as indices."""
    count = 2 if hasattr(layer, "left") else 1
    *first, last = layer.get_weights()[:count]
    bias = [weights[kept] for weights in layer.get_weights()[count:]]
    return _filled(layer, [*first, last[..., kept], *bias], outputs=len(kept))


def with_inputs(layer: keras.layers.Layer, kept: np.ndarray) -> keras.layers.Layer:
    """A dense or convolution layer with only the inputs `kept`, as indices."""
    first, *others = layer.get_weights()
    return _filled(layer, [first[..., kept, :], *others])


def with_channels(norm: keras.layers.BatchNormalization, kept: np.ndarray) -> keras.layers.Layer:
    """A batch normalisation, over the last axis, with only the channels `kept`."""
    new = type(norm).from_config(norm.get_config())
    new.build((*(None,) * (norm.input_spec.ndim - 1), len(kept)))
    new.set_weights([weights[kept] for weights in norm.get_weights()])
    return new


def first_kernel(layer: keras.layers.Layer) -> keras.Variable:
    """The variable whose second-to-last axis is the layer's inputs."""
    return layer.left if hasattr(layer, "left") else layer.kernel


def _filled(layer, weights: list[np.ndarray], outputs: int | None = None) -> keras.layers.Layer:
    config = layer.get_config()
    if outputs is not None:
        config["filters" if isinstance(layer, CONVOLUTIONS) else "units"] = outputs
    new = type(layer).from_config(config)
    axes = 3 if isinstance(layer, CONVOLUTIONS) else 1
    new.build((*(None,) * axes, weights[0].shape[-2]))
    new.set_weights(weights)
    return new

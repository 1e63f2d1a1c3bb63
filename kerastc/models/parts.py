"""The parts of a model, found by type: its encoder, its pooling, the layers after it."""

import keras

from kerastc.models.pooling import FirstToken, MeanPooling
from kerastc.models.sequence_encoder import SequenceEncoder

POOLINGS = (MeanPooling, FirstToken, keras.layers.GlobalAveragePooling2D)


def encoder_layer(model: keras.Model) -> SequenceEncoder | None:
    """The encoder of a text model; None for a model that reads no tokens."""
    return next((layer for layer in model.layers if isinstance(layer, SequenceEncoder)), None)


def pooling_layer(model: keras.Model) -> keras.layers.Layer:
    """The layer that makes one vector from a text's tokens, or an image's positions.

    Raises:
        ValueError: there is none.
    """
    for layer in reversed(model.layers):
        if isinstance(layer, POOLINGS):
            return layer
    raise ValueError(f"{model.name} has no pooling.")


def head_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers after the pooling, in order; the last gives the logits."""
    return model.layers[model.layers.index(pooling_layer(model)) + 1 :]


def scaling_layer(model: keras.Model) -> keras.layers.Rescaling:
    """The layer that brings the pixels of an image to the scale that the model computes on.

    Raises:
        ValueError: there is none.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.Rescaling):
            return layer
    raise ValueError(f"{model.name} has no scaling.")

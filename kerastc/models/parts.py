"""The parts of a model, found by type: its encoder, its pooling, the layers after it."""

from collections.abc import Mapping
from typing import Any

import keras

from kerastc.models.pooling import FirstToken, MeanPooling
from kerastc.models.sequence_encoder import SequenceEncoder
from kerastc.models.windows import DivideIntoWindows, WindowPooling

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


def has_pooling(model: keras.Model) -> bool:
    """Whether the model makes one vector of a text; else it answers for each token."""
    return any(isinstance(layer, POOLINGS) for layer in model.layers)


def head_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers after the pooling, or the encoder if there is none; the last gives the logits."""
    last = pooling_layer(model) if has_pooling(model) else encoder_layer(model)
    return model.layers[model.layers.index(last) + 1 :]


def encoder_inputs(model: keras.Model, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the encoder of a text model gets of the model's inputs: a document's windows."""
    for layer in model.layers:
        if isinstance(layer, DivideIntoWindows):
            return layer(inputs)
    return inputs


def after_pooling(model: keras.Model, features, padding_mask, training: bool | None = None):
    """A text model's outputs from what its pooling gives.

    Args:
        model: of texts.
        features: one vector per text, (batch, width); for documents one per window, see
            `WindowPooling`; without a pooling one per token, (batch, length, width).
        padding_mask: of the model's inputs.
        training: whether dropout is on.
    """
    for layer in head_layers(model):
        if isinstance(layer, WindowPooling):
            features = layer(features, padding_mask)
        elif isinstance(layer, keras.layers.Dropout):
            features = layer(features, training=training)
        else:
            features = layer(features)
    return features


def scaling_layer(model: keras.Model) -> keras.layers.Rescaling:
    """The layer that brings the pixels of an image to the scale that the model computes on.

    Raises:
        ValueError: there is none.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.Rescaling):
            return layer
    raise ValueError(f"{model.name} has no scaling.")

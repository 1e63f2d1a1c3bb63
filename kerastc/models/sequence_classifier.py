"""A classifier of texts, pairs or documents: the head of {Distil,}BertForSequenceClassification."""

from typing import NamedTuple

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.models.dropout_seeds import seed_dropout
from kerastc.models.encoders import Encoder
from kerastc.models.parts import after_pooling, encoder_layer, head_layers, pooling_layer
from kerastc.models.pooling import FirstToken, MeanPooling
from kerastc.models.published_head import pooler_of
from kerastc.models.sequence_encoder import reads_segments, token_inputs
from kerastc.models.windows import KINDS, DivideIntoWindows, WindowPooling, window_inputs

POOLINGS = {"mean": MeanPooling, "first": FirstToken, "pooler": FirstToken}


class ParameterCount(NamedTuple):
    """Numbers of parameters that training changes and does not change."""

    trainable: int
    frozen: int


def sequence_classifier(
    encoder: Encoder,
    classes: int,
    pooling: str = "mean",
    trainable: str = "head",
    hidden: int | None = None,
    dropout: float = 0.2,
    seed: int = 0,
    window: int | None = None,
    windows: str = "mean",
) -> keras.Model:
    """Builds encoder → pooling → dense, ReLU → dropout → dense.

    With pooling="pooler" the first dense layer is the encoder's own, with tanh (Devlin et al.
    2018).

    With a window the encoder reads each window of a document by itself, and the windows' vectors
    are pooled, too, before the first dense layer.

    The encoder's layer becomes part of the model: training the model changes it. Pooling and
    head compute in float32 even if the encoder was loaded in mixed precision.

    Args:
        encoder: the result of `load_encoder`.
        classes: number of classes, two or more.
        pooling: "mean" over the tokens, the "first" token, or the encoder's own "pooler" of it.
        trainable: "head", "top_K" transformer layers, or "all"; the head is always trained.
        hidden: units of the first dense layer; the encoder's width by default, and of a pooler.
        dropout: rate before the last layer.
        seed: determines the head's first weights and every dropout, the encoder's included.
        window: the most tokens of a document that the encoder reads at once; None: all.
        windows: the pooling of a document's windows, "mean", "max" or "attention".

    Returns:
        {"token_ids", "padding_mask"} and, if the encoder takes segments, "segment_ids",
        each (batch, length) int32, to logits (batch, classes) float32.

    Raises:
        UserError: an argument is not allowed; the message names it and the allowed values.
    """
    _check(classes, pooling, hidden, dropout, windows)
    encoder.layer.tune(trainable)
    pool = POOLINGS[pooling](dtype="float32", name="pooling")
    seeds = np.random.SeedSequence(seed).generate_state(2)
    if pooling == "pooler":
        dense = _dense(encoder.width, seeds[0], "pooler", "tanh")
    else:
        dense = _dense(hidden or encoder.width, seeds[0], "pre_classifier", "relu")
    head_dropout = keras.layers.Dropout(dropout, seed=seed, dtype="float32", name="head_dropout")
    classifier = _dense(classes, seeds[1], "classifier")

    inputs = token_inputs(encoder.segments)
    read = DivideIntoWindows(window, name="windows")(inputs) if window else inputs
    features = pool(encoder.layer(read), read["padding_mask"])
    if window:
        over_windows = WindowPooling(windows, seed, dtype="float32", name="window_pooling")
        features = over_windows(features, inputs["padding_mask"])
    logits = classifier(head_dropout(dense(features)))
    if pooling == "pooler":
        dense.set_weights(pooler_of(encoder))
    model = keras.Model(inputs, logits, name="text_classifier")  # as in all saved models
    seed_dropout(model, seed)
    return model


def set_trainable(model: keras.Model, trainable: str) -> ParameterCount:
    """Chooses which part of a `sequence_classifier` is trained; `compile` the model afterwards.

    Raises:
        UserError: `trainable` is none of "head", "top_K", "all".
    """
    encoder_layer(model).tune(trainable)
    count = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    return ParameterCount(count, model.count_params() - count)


def split_at_features(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """The two halves of a `sequence_classifier`, sharing its weights.

    The first runs a frozen encoder over the data once; the second is trained on its output.
    `head(features(x))` equals `model(x)`. Of documents the first gives the features of their
    windows, each of which it takes as a text of its own.

    Returns:
        features: {"token_ids", "padding_mask"} to pooled features (batch, width) float32.
        head: features to logits (batch, classes) float32; for documents `window_inputs`.
    """
    pool, inputs = pooling_layer(model), token_inputs(reads_segments(model))
    features = keras.Model(
        inputs, pool(encoder_layer(model)(inputs), inputs["padding_mask"]), name="features"
    )
    if isinstance(head_layers(model)[0], WindowPooling):
        given = window_inputs(features.output_shape[-1])
        logits = after_pooling(model, given["features"], given["padding_mask"])
    else:
        given = keras.Input(features.output_shape[1:], dtype="float32", name="features")
        logits = after_pooling(model, given, None)
    return features, keras.Model(given, logits, name="head")


def _dense(units: int, seed: int, name: str, activation: str | None = None) -> keras.layers.Dense:
    """A dense layer with BERT's initial weights (Devlin et al. 2018: truncated normal, 0.02)."""
    initializer = keras.initializers.TruncatedNormal(stddev=0.02, seed=int(seed) >> 1)
    return keras.layers.Dense(
        units, activation, kernel_initializer=initializer, dtype="float32", name=name
    )


def _check(classes: int, pooling: str, hidden: int | None, dropout: float, windows: str) -> None:
    if classes < 2:
        raise UserError(f"classes={classes}: a classifier needs two or more.")
    if pooling not in POOLINGS:
        raise UserError(f"pooling={pooling!r} is not known.", "Allowed: mean, first, pooler.")
    if hidden is not None and pooling == "pooler":
        raise UserError(f"hidden={hidden} with pooling=pooler, which has units of its own.")
    if windows not in KINDS:
        raise UserError(f"windows={windows!r} is not known.", f"Allowed: {', '.join(KINDS)}.")
    if hidden is not None and hidden < 1:
        raise UserError(f"hidden={hidden} is not possible.", "Give one unit or more, or None.")
    if not 0 <= dropout < 1:
        raise UserError(f"dropout={dropout} is not possible.", "Give a rate from 0 to below 1.")

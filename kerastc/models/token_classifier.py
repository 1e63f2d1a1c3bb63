"""An encoder with a layer behind it that gives logits of each token."""

import keras

from kerastc.models.dropout_seeds import seed_dropout
from kerastc.models.encoders import Encoder
from kerastc.models.sequence_encoder import token_inputs


def token_classifier(
    encoder: Encoder, units: int, trainable: str, dropout: float, seed: int, names: tuple[str, str]
) -> keras.Model:
    """Builds encoder → dropout → dense.

    Args:
        encoder, trainable, dropout, seed: as for `sequence_classifier`.
        units: logits of each token.
        names: of the model, and of its last layer.

    Returns:
        the encoder's inputs, each (batch, length) int32, to (batch, length, units) float32.
    """
    encoder.layer.tune(trainable)
    inputs = token_inputs(encoder.segments)
    initializer = keras.initializers.TruncatedNormal(stddev=0.02, seed=seed)
    head_dropout = keras.layers.Dropout(dropout, seed=seed, dtype="float32", name="head_dropout")
    whole, last = names
    dense = keras.layers.Dense(units, kernel_initializer=initializer, dtype="float32", name=last)
    model = keras.Model(inputs, dense(head_dropout(encoder.layer(inputs))), name=whole)
    seed_dropout(model, seed)
    return model

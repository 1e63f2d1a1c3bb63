"""A model that says the next token at some places, and gives its state for the piece after."""

import keras

from kerastc.models.awd_lstm import AwdLstm
from kerastc.models.dropout_seeds import seed_dropout
from kerastc.models.masked_model import BIAS, PLACES, POSITIONS, AtPositions, WordBias

TOKENS, LOGITS, STATE = "token_ids", "logits", "state"


def causal_model(encoder: AwdLstm, seed: int | None = None) -> keras.Model:
    """Builds encoder → places → token table → bias.

    Args:
        encoder: becomes part of the model.
        seed: of every dropout; None leaves them.

    Returns:
        {"token_ids" (batch, length) int32, "masked_positions" (batch, places) int32, the places
        behind which a token is asked for, "state" (batch, size) float32} to {"logits" (batch,
        places, tokens) float32, "state" after the last token}.
    """
    ids = keras.Input((None,), dtype="int32", name=TOKENS)
    positions = keras.Input((None,), dtype="int32", name=POSITIONS)
    state = keras.Input((encoder.state_size,), name=STATE)
    vectors, after = encoder(ids, state)
    said = encoder(AtPositions(name=PLACES)(vectors, positions), reverse=True)
    logits = WordBias(dtype="float32", name=BIAS)(said)
    model = keras.Model(
        {TOKENS: ids, POSITIONS: positions, STATE: state},
        {LOGITS: logits, STATE: after},
        name="causal_language_model",
    )
    if seed is not None:
        seed_dropout(model, seed)
    return model

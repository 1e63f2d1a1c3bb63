"""A tiny AWD-LSTM, and what its tests give it."""

import keras
import numpy as np
from keras import ops

from kerastc.models.awd_lstm import AwdLstm

TOKENS, WIDTH, HIDDEN, DEPTH = 11, 6, 8, 3
ROWS, LENGTH = 4, 7


def array(tensor) -> np.ndarray:
    return ops.convert_to_numpy(tensor)


def encoder(**options) -> AwdLstm:
    found = AwdLstm(TOKENS, WIDTH, HIDDEN, DEPTH, seed=3, name="encoder", **options)
    found.build()
    for weight in found.trainable_weights:  # biases, too, are not zero
        weight.assign(weight + 0.1 * np.random.default_rng(1).normal(size=weight.shape))
    return found


def language_model(encoder: AwdLstm) -> keras.Model:
    ids = keras.Input((None,), dtype="int32", name="ids")
    state = keras.Input((encoder.state_size,), name="state")
    vectors, after = encoder(ids, state)
    return keras.Model([ids, state], [encoder(vectors, reverse=True), after])


def token_ids() -> np.ndarray:
    return np.random.default_rng(0).integers(0, TOKENS, (ROWS, 2 * LENGTH + 1)).astype("int32")


def zeros():
    return np.zeros((ROWS, 2 * (HIDDEN + HIDDEN + WIDTH)), "float32")

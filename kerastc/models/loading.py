"""Reads a saved Keras model, with all layers of ours."""

from pathlib import Path

import keras

import kerastc.models.awd_lstm
import kerastc.models.conversion
import kerastc.models.fused_norm
import kerastc.models.masked_model
import kerastc.models.sequence_classifier  # noqa: F401  (these register the layers of model.keras)
from kerastc.errors import UserError


def load_model(path: Path) -> keras.Model:
    """Reads a model.keras, whose layers must be ours, Keras's or KerasHub's.

    Raises:
        UserError: if the file is broken or holds anything else.
    """
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except MemoryError:
        raise
    except Exception as error:  # Keras, h5py, zipfile and the layers' code raise any exception
        # Keras puts the whole configuration in front of its reason.
        reason = (str(error).splitlines() or [""])[-1][:300] or type(error).__name__
        raise UserError(f"{path} cannot be loaded: {reason}", "It is damaged.") from None
    if not isinstance(model, keras.Model):
        raise UserError(f"{path} holds a {type(model).__name__}, which is no model.")
    return model

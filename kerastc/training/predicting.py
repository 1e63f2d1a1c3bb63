"""Runs a model over batches and gives its outputs back in the order of the data."""

import keras
import numpy as np

from kerastc.progress import progress
from kerastc.training.batching import Batches


def predict(model: keras.Model, batches: Batches, description: str) -> np.ndarray:
    """The model's outputs, (n, ...) float32, row i for row i of the data."""
    rows = batches.rows()
    outputs = None
    with progress(description, total=len(rows)) as advance:
        done = 0
        for index in range(len(batches)):
            part = np.asarray(model.predict_on_batch(batches[index][0]), "float32")
            if outputs is None:
                outputs = np.empty((len(rows), *part.shape[1:]), dtype="float32")
            outputs[rows[done : done + len(part)]] = part
            done += len(part)
            advance(len(part))
    return outputs

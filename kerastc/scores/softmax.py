"""Logits to probabilities, in NumPy."""

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """(n, classes) logits to probabilities, in float64 so that rows sum to one."""
    shifted = logits.astype("float64") - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    return exponentials / exponentials.sum(axis=1, keepdims=True)

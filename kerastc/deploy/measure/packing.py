"""Examples on their way to the process that runs a model, as JSON."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np


def packed(examples: np.ndarray | Sequence[str]) -> Any:
    """Examples as a list; images, (n, height, width, channels) uint8, as their bytes."""
    if isinstance(examples, np.ndarray) and examples.dtype == np.uint8:
        pixels = base64.b64encode(np.ascontiguousarray(examples)).decode()
        return {"shape": examples.shape, "pixels": pixels}
    return examples.tolist() if isinstance(examples, np.ndarray) else list(examples)


def unpacked(value: Any) -> np.ndarray | list[str]:
    """The inverse of `packed`."""
    if isinstance(value, dict):
        pixels = np.frombuffer(base64.b64decode(value["pixels"]), np.uint8)
        return pixels.reshape(value["shape"])
    return value

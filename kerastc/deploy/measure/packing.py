"""Examples on their way to the process that runs a model, as JSON."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastc.text.worded import Worded


def packed(examples: np.ndarray | Sequence[str]) -> Any:
    """Examples as a list; images, (n, height, width, channels) uint8, as their bytes.

    Texts whose words are given keep them. An example of several texts is a list of them.
    """
    if isinstance(examples, np.ndarray) and examples.dtype == np.uint8:
        pixels = base64.b64encode(np.ascontiguousarray(examples)).decode()
        return {"shape": examples.shape, "pixels": pixels}
    examples = examples.tolist() if isinstance(examples, np.ndarray) else examples
    return [one.as_dict() if isinstance(one, Worded) else one for one in examples]


def unpacked(value: Any) -> np.ndarray | list[str]:
    """The inverse of `packed`."""
    if isinstance(value, list):
        return [Worded.of_dict(one) if isinstance(one, dict) else one for one in value]
    if isinstance(value, dict):
        pixels = np.frombuffer(base64.b64decode(value["pixels"]), np.uint8)
        return pixels.reshape(value["shape"])
    return value

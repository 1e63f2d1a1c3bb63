"""Images in an export: pixels, and TensorFlow operations to the model's input."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerastc.inputs.image.encode import INPUT_NAME, ImageInput


def most_tokens(model: keras.Model) -> None:
    """Images have no tokens."""
    return None


def light(model: keras.Model) -> keras.Model:
    """The model itself."""
    return model


def given(examples: np.ndarray) -> dict[str, Any]:
    """The arguments of the graph."""
    return {INPUT_NAME: examples}


def checked(input: ImageInput, rows: Sequence[np.ndarray], length: int | None) -> np.ndarray:
    """A caller's own images, (height, width, channels) uint8 each.

    Raises:
        UserError: naming the number of an image with another shape or type.
    """
    return input.checked(rows)


def graph(input: ImageInput, length: int | None) -> tuple[Any, tuple[str, ...]]:
    """See `kerastc.deploy.convert.run_export.RunExport.graph`."""
    from kerastc.inputs.image.graph import ImageGraph

    return ImageGraph(input.preprocessing.shape), ("serving_default takes images as uint8.",)

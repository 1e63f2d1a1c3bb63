"""Images made smaller, whole batches at a time."""

from functools import cache

import numpy as np


def shrunk(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """Fewer pixels for whole images, without aliasing.

    Linear interpolation by a triangle as wide as the step from pixel to pixel of the result, as
    Pillow's BILINEAR and `jax.image.resize` have it. It is a product with a matrix from each side.

    Args:
        images: (n, rows, columns, channels) float32.
        height, width: wanted, at most rows and columns.

    Returns:
        (n, height, width, channels) float32; the images themselves where they have that size.
    """
    rows, columns = images.shape[1:3]
    if (height, width) == (rows, columns):
        return images
    # Image by image: products so small are done by the calling thread. The threads that a large one
    # wakes would spin for a while, on the cores that training is to have.
    lines = _triangles(rows, height) @ images.reshape(len(images), rows, -1)
    return _triangles(columns, width) @ lines.reshape(len(images), height, columns, -1)


@cache
def _triangles(old: int, new: int) -> np.ndarray:
    """What each old pixel of a line gives to each new one, (new, old)."""
    step = old / new
    centres = (np.arange(new) + 0.5) * step
    distance = np.abs(np.arange(old) + 0.5 - centres[:, None]) / step
    share = np.maximum(1 - distance, 0)
    return (share / share.sum(axis=1, keepdims=True)).astype("float32")

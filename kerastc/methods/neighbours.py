"""The nearest feature vectors by cosine."""

from collections.abc import Iterator

import numpy as np

BLOCK = 512  # rows whose similarities are held at a time


def nearest_of(
    vectors: np.ndarray, known: np.ndarray, k: int, own: int | None = None
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """The k nearest by cosine, block by block: all similarities at once would be gigabytes.

    Args:
        vectors: (m, width) of length 1.
        known: (n, width) of length 1, to search in.
        k: how many, less than n where `own` is given, else n at most.
        own: row of `known` at which `vectors` begin, if part of it: no vector is its own neighbour.

    Yields:
        the rows of a block, their nearest (rows, k) int, unordered, and the cosines.
    """
    for start in range(0, len(vectors), BLOCK):
        part = slice(start, min(start + BLOCK, len(vectors)))
        similarities = vectors[part] @ known.T
        if own is not None:
            places = np.arange(part.stop - start)
            similarities[places, own + start + places] = -2
        nearest = np.argpartition(-similarities, k - 1, axis=1)[:, :k]
        yield part, nearest, np.take_along_axis(similarities, nearest, axis=1)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, width) at length 1, in their own precision."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)

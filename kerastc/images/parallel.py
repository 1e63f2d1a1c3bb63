"""Many images decoded at once: Pillow lets other threads run while it decodes."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from kerastc.images.decoding import Fit, decoded

BLOCK = 64  # images in work or waiting to be taken
Given, Found = TypeVar("Given"), TypeVar("Found")


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(function: Callable[[Given], Found], given: Iterable[Given]) -> Iterator[Found]:
    """What a function gives for each, in their order; no more than a block is held."""
    waiting = iter(given)
    with ThreadPoolExecutor(cores()) as pool:
        while block := list(islice(waiting, BLOCK)):
            yield from pool.map(function, block)


def decoded_all(
    sources: Sequence[str | Path | np.ndarray],
    shape: tuple[int, int, int],
    bits: int | None = None,
    fit: Fit = "stretch",
) -> np.ndarray:
    """Images from files, (n, height, width, channels) uint8; see `kerastc.images.decoding.decoded`.

    Args:
        sources: files, or images that are decoded already.
        shape, bits, fit: as in `decoded`.

    Raises:
        UserError: naming the first file that cannot be read.
    """

    def pixels(source: str | Path | np.ndarray) -> np.ndarray:
        given = isinstance(source, np.ndarray)
        return source if given else decoded(source, shape, bits, fit)

    found = np.empty((len(sources), *shape), np.uint8)
    for place, image in zip(found, in_threads(pixels, sources), strict=True):
        place[:] = image
    return found

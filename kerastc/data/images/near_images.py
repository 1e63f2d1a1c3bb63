"""Near-duplicate images: saved again, or resized before the resizing that all get.

Of 800 crops of two photographs at 32 x 32 pixels, 99 % are found again after JPEG of quality 75 and
after halving, 95 % after both; of 1,797 scanned digits none is called a copy of another.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kerastc.data.images.stored import Images

SIDE = 8  # of the means that are compared first
CORRELATION = 0.99  # of those means, the least
DIFFERENCE = 10  # of 255, root mean square over all pixels, the most
MOST = 10**9  # pairs; ten seconds on two cores
TOGETHER = 2**23  # pairs at once
CANDIDATES = 32  # most similar images, per image, whose pixels are compared
BLOCK = 1024  # images
NOTE = (
    f"validation and test images that are nearly a training image ({SIDE} x {SIDE} means correlate "
    f"by {CORRELATION}, pixels differ by {DIFFERENCE} of 255, or less)"
)


def near_copies(images: "Images", others: "Images") -> np.ndarray:
    """The rows of `images` that nearly equal one of `others`, ascending.

    Args:
        images, others: (n, height, width, channels) uint8, of one shape.
    """
    wanted, known = _known_means(images), _known_means(others)
    near = np.zeros(len(images), bool)
    block = 1 + TOGETHER // max(len(others), 1)
    for start in range(0, len(images), block):
        correlations = wanted[start : start + block] @ known.T
        for row in np.flatnonzero(correlations.max(axis=1, initial=-1) >= CORRELATION):
            rows = np.flatnonzero(correlations[row] >= CORRELATION)
            rows = rows[np.argsort(-correlations[row, rows])[:CANDIDATES]]
            apart = (others[rows].astype(np.float32) - images[start + row]).reshape(len(rows), -1)
            near[start + row] = (np.square(apart).mean(axis=1) <= DIFFERENCE**2).any()
    return np.flatnonzero(near)


def _known_means(images: "Images") -> np.ndarray:
    """As `means`; of images in files, as they were looked at."""
    return means(images) if isinstance(images, np.ndarray) else images.looks.means


def means(images: np.ndarray) -> np.ndarray:
    """Brightness on a coarse grid, (n, 64 or fewer) float32, of mean 0 and length 1.

    For an image of constant brightness it is 0 throughout.

    Args:
        images: (n, height, width, channels) uint8.
    """
    height, width = images.shape[1:3]
    rows, columns = (
        np.arange(min(SIDE, side)) * side // min(SIDE, side) for side in (height, width)
    )
    cells = np.outer(np.diff([*rows, height]), np.diff([*columns, width]))
    found = np.empty((len(images), cells.size), np.float32)
    for start in range(0, len(images), BLOCK):
        grey = images[start : start + BLOCK].sum(axis=3, dtype=np.float32)
        sums = np.add.reduceat(np.add.reduceat(grey, rows, axis=1), columns, axis=2)
        found[start : start + BLOCK] = (sums / cells).reshape(len(grey), -1)
    found -= found.mean(axis=1, keepdims=True)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return found / np.where(length > 1e-3 * 255, length, np.inf)

"""RandAugment as FixMatch draws it: some random operations, each of a random strength.

References: Cubuk et al. 2020, RandAugment; Sohn et al. 2020, FixMatch, appendix D, table 12.
What a move leaves empty is filled by the image's reflection here, and not by grey.
"""

from collections.abc import Callable

import numpy as np

from kerastc.images import affine, colour, filters, tables

Operation = Callable[[np.ndarray, np.ndarray], np.ndarray]


def operate(images: np.ndarray, operations: np.ndarray, strengths: np.ndarray) -> np.ndarray:
    """Does one operation to each image.

    Args:
        images: (n, h, w, c) uint8; c is 1 or 3.
        operations: (n,) int, places in `OPERATIONS`.
        strengths: (n,) float in 0 to 1: from the first to the second bound of the operation.
    """
    result = images.copy()
    for number, (operation, low, high) in enumerate(OPERATIONS.values()):
        rows = np.flatnonzero(operations == number)
        if len(rows) and operation is not _identity:
            strength = (low + (high - low) * strengths[rows]).astype(np.float32)
            result[rows] = operation(images[rows], strength)
    return result


def rand_augment(images: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Does `count` operations to each image, drawn with their strengths, one after another."""
    for _ in range(count):
        operations = random.integers(len(OPERATIONS), size=len(images))
        images = operate(images, operations, random.random(len(images), dtype=np.float32))
    return images


def _identity(images: np.ndarray, _: np.ndarray) -> np.ndarray:
    return images


def _autocontrast(images: np.ndarray, _: np.ndarray) -> np.ndarray:
    return tables.autocontrasted(images)


def _equalize(images: np.ndarray, _: np.ndarray) -> np.ndarray:
    return tables.equalized(images)


def _posterize(images: np.ndarray, bits: np.ndarray) -> np.ndarray:
    return tables.posterized(images, np.minimum(bits.astype(np.intp), 8))


def _rotate(images: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    return affine.warped(images, affine.rotation(degrees))


def _shear_x(images: np.ndarray, shares: np.ndarray) -> np.ndarray:
    return affine.warped(images, affine.shear(np.zeros_like(shares), shares))


def _shear_y(images: np.ndarray, shares: np.ndarray) -> np.ndarray:
    return affine.warped(images, affine.shear(shares, np.zeros_like(shares)))


def _translate_x(images: np.ndarray, shares: np.ndarray) -> np.ndarray:
    across = shares * images.shape[2]
    return affine.warped(images, affine.translation(np.zeros_like(across), across))


def _translate_y(images: np.ndarray, shares: np.ndarray) -> np.ndarray:
    down = shares * images.shape[1]
    return affine.warped(images, affine.translation(down, np.zeros_like(down)))


# With the bounds of the strength: factors, bits (the lower ends of 4 to 8 and one more, so that
# whole numbers of them are drawn alike), degrees, shares of the side, grey levels.
OPERATIONS: dict[str, tuple[Operation, float, float]] = {
    "autocontrast": (_autocontrast, 0, 0),
    "brightness": (tables.brightness, 0.05, 0.95),
    "colour": (colour.saturation, 0.05, 0.95),
    "contrast": (tables.contrast, 0.05, 0.95),
    "equalize": (_equalize, 0, 0),
    "identity": (_identity, 0, 0),
    "posterize": (_posterize, 4, 9),
    "rotate": (_rotate, -30, 30),
    "sharpness": (filters.sharpness, 0.05, 0.95),
    "shear x": (_shear_x, -0.3, 0.3),
    "shear y": (_shear_y, -0.3, 0.3),
    "solarize": (tables.solarized, 0, 256),
    "translate x": (_translate_x, -0.3, 0.3),
    "translate y": (_translate_y, -0.3, 0.3),
}

"""RandAugment as in FixMatch: some random operations, each with a random strength.

References: Cubuk et al. 2020, RandAugment; Sohn et al. 2020, FixMatch, appendix D, table 12.
Here the space that a move leaves empty is filled with the image's reflection, not with grey.
"""

import numpy as np

from kerastc.images import affine, colour, filters, tables

# The operations with the bounds of their strength: factors, bits (the upper bound 9 is excluded),
# degrees, shares of the side, grey levels.
OPERATIONS = {
    "autocontrast": (0, 0),
    "brightness": (0.05, 0.95),
    "colour": (0.05, 0.95),
    "contrast": (0.05, 0.95),
    "equalize": (0, 0),
    "identity": (0, 0),
    "posterize": (4, 9),
    "rotate": (-30, 30),
    "sharpness": (0.05, 0.95),
    "shear x": (-0.3, 0.3),
    "shear y": (-0.3, 0.3),
    "solarize": (0, 256),
    "translate x": (-0.3, 0.3),
    "translate y": (-0.3, 0.3),
}
CHANGES = {
    "autocontrast": lambda images, _: tables.autocontrasted(images),
    "brightness": tables.brightness,
    "colour": colour.saturation,
    "contrast": tables.contrast,
    "equalize": lambda images, _: tables.equalized(images),
    "posterize": lambda images, bits: tables.posterized(images, np.minimum(bits.astype(int), 8)),
    "sharpness": filters.sharpness,
    "solarize": tables.solarized,
}
# Maps of (n,) strengths for images of a height and a width.
MOVES = {
    "rotate": lambda degrees, h, w: affine.rotation(degrees),
    "shear x": lambda shares, h, w: affine.shear(0 * shares, shares),
    "shear y": lambda shares, h, w: affine.shear(shares, 0 * shares),
    "translate x": lambda shares, h, w: affine.translation(0 * shares, shares * w),
    "translate y": lambda shares, h, w: affine.translation(shares * h, 0 * shares),
}


def rand_augment(images: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Applies `count` operations to each image in turn, drawn with their strengths."""
    for _ in range(count):
        operations = random.integers(len(OPERATIONS), size=len(images))
        images = operate(images, operations, random.random(len(images), dtype=np.float32))
    return images


def operate(images: np.ndarray, operations: np.ndarray, strengths: np.ndarray) -> np.ndarray:
    """Applies one operation to each image; images with the same one are processed together.

    Args:
        images: (n, h, w, c) uint8; c is 1 or 3.
        operations: (n,) int, indices into `OPERATIONS`.
        strengths: (n,) float in 0 to 1: from the first to the second bound of the operation.
    """
    n, h, w, _ = images.shape
    result = images.copy()
    maps = np.zeros((n, 3, 3), np.float32)
    for number, (name, (low, high)) in enumerate(OPERATIONS.items()):
        rows = np.flatnonzero(operations == number)
        strength = (low + (high - low) * strengths[rows]).astype(np.float32)
        if name in MOVES and len(rows):
            maps[rows] = MOVES[name](strength, h, w)
        elif name in CHANGES and len(rows):
            result[rows] = CHANGES[name](images[rows], strength)
    moved = np.flatnonzero(maps[:, 2, 2])  # all moves in one gather
    result[moved] = affine.warped(images[moved], maps[moved])
    return result

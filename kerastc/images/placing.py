"""Flip, shift by whole pixels and cutout. Images are (n, h, w, c) uint8."""

import numpy as np

HOLE = 127  # mid-grey, as in FixMatch (Sohn et al. 2020, appendix D)


def flipped(images: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Mirrors the images where (n,) bool `chosen` is true, left to right."""
    placed = images.copy()
    placed[chosen] = images[chosen, :, ::-1]
    return placed


def shifted(images: np.ndarray, down: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Moves each image by whole pixels; its own reflection comes in at the borders.

    Args:
        down, right: (n,) int; less than the height and the width.
    """
    n, h, w, c = images.shape
    # As far as any image of this batch moves.
    y, x = (int(np.abs(pixels).max(initial=0)) for pixels in (down, right))
    padded = np.pad(images, ((0, 0), (y, y), (x, x), (0, 0)), mode="reflect")
    image, row, pixel, byte = padded.strides
    # A view of all positions of an h x w window; its rows are copied whole.
    windows = np.lib.stride_tricks.as_strided(
        padded, (n, 2 * y + 1, 2 * x + 1, h, w * c), (image, row, pixel, row, byte), writeable=False
    )
    return windows[np.arange(n), y - down, x - right].reshape(n, h, w, c)


def cut_out(images: np.ndarray, rows: np.ndarray, columns: np.ndarray, side: int) -> np.ndarray:
    """Paints a mid-grey square over each image.

    Args:
        rows, columns: (n,) int centres of the squares, which may extend over the borders.
        side: of the squares, in pixels.

    Reference: DeVries and Taylor 2017, Improved Regularization of Convolutional Neural Networks
    with Cutout, section 3.
    """
    n, h, w, c = images.shape

    def inside(length: int, centres: np.ndarray) -> np.ndarray:
        places = np.arange(length) - (centres - side // 2)[:, None]
        return np.where((places >= 0) & (places < side), 255, 0).astype(np.uint8)

    # Bytes of all ones or zeros: logic on them is many times faster than assigning by a mask.
    hole = inside(h, rows)[:, :, None] & inside(w, columns).repeat(c, axis=1)[:, None, :]
    painted = hole & HOLE
    np.invert(hole, out=hole)
    hole &= images.reshape(n, h, w * c)
    painted |= hole
    return painted.reshape(n, h, w, c)

"""Many small images in one picture."""

import numpy as np

WHITE = 255


def contact_sheet(images: np.ndarray, columns: int, margin: int = 2) -> np.ndarray:
    """Lays images out in rows, from left to right and from top to bottom.

    Args:
        images: (n, h, w, c) uint8, at least one.
        columns: images per row; the last row may end early, and its rest is white.
        margin: white pixels around and between them.

    Returns:
        (rows * (h + margin) + margin, columns * (w + margin) + margin, c) uint8.
    """
    n, h, w, c = images.shape
    rows = -(-n // columns)
    cells = np.full((rows * columns, h + margin, w + margin, c), WHITE, np.uint8)
    cells[:n, margin:, margin:] = images
    cells = cells.reshape(rows, columns, h + margin, w + margin, c).swapaxes(1, 2)
    tiled = cells.reshape(rows * (h + margin), columns * (w + margin), c)
    return np.pad(tiled, ((0, margin), (0, margin), (0, 0)), constant_values=WHITE)

"""Operations on pixels and their neighbours: Gaussian blur and sharpness.

Images are (n, h, w, c) uint8; rows are handled as w * c values, neighbours in them c apart.
"""

import numpy as np


def blurred(images: np.ndarray, deviations: np.ndarray, radius: int) -> np.ndarray:
    """Gaussian blur with reflected borders (border pixels are not repeated).

    Args:
        deviations: (n,) of the Gaussians, in pixels.
        radius: pixels used on each side; less than height and width.
    """
    n, h, w, c = images.shape
    offsets = np.arange(-radius, radius + 1, dtype=np.float32)
    weights = np.exp(-0.5 * (offsets / deviations[:, None].astype(np.float32)) ** 2)
    weights = (weights / weights.sum(axis=1, keepdims=True)).T[:, :, None, None]
    sides = ((0, 0), (radius, radius), (radius, radius), (0, 0))
    padded = np.pad(images, sides, mode="reflect").reshape(n, h + 2 * radius, -1)
    down = sum(weights[i] * padded[:, i : i + h] for i in range(2 * radius + 1))
    both = sum(weights[i] * down[:, :, i * c : (i + w) * c] for i in range(2 * radius + 1))
    return np.rint(both, out=both).astype(np.uint8).reshape(n, h, w, c)


def sharpness(images: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """A smoothed image at factor 0, the image at 1, a sharper one above; factors (n,).

    As in Pillow, smoothing is a mean over 3 x 3 pixels in which the middle one counts five times,
    and the outermost pixels stay as they are.
    """
    n, h, w, c = images.shape
    if min(h, w) < 3:
        return images
    rows = images.reshape(n, h, w * c)
    down = np.add(rows[:, :-2], rows[:, 1:-1], dtype=np.uint16)
    down += rows[:, 2:]
    smooth = down[:, :, : -2 * c] + down[:, :, c:-c]
    smooth += down[:, :, 2 * c :]
    inner = rows[:, 1:-1, c:-c].astype(np.float32)
    smooth = np.floor((smooth + 4 * inner) / np.float32(13) + np.float32(0.5))
    inner -= smooth
    inner *= factors[:, None, None].astype(np.float32)
    inner += smooth
    result = rows.copy()
    result[:, 1:-1, c:-c] = np.rint(np.clip(inner, 0, 255, out=inner), out=inner)
    return result.reshape(images.shape)

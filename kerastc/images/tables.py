"""Pointwise operations on pixels: a table of 256 values for each image and channel.

Images are (n, h, w, c) uint8. The operations are those of Pillow's `ImageOps` and `ImageEnhance`.
"""

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R 601-2, as in Pillow
LEVELS = np.arange(256, dtype=np.float32)


def brightness(images: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Black at factor 0, the image at 1, brighter above; factors (n,)."""
    return _looked_up(images, _rounded(factors[:, None] * LEVELS))


def contrast(images: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The grey of the image's mean at factor 0, the image at 1; factors (n,)."""
    mean = np.floor(mean_grey(images) + np.float32(0.5))[:, None]
    return _looked_up(images, _rounded(mean + factors[:, None] * (LEVELS - mean)))


def posterized(images: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Keeps the highest 1 to 8 bits of each value; bits (n,) int."""
    return images & (0xFF << (8 - bits)).astype(np.uint8)[:, None, None, None]


def solarized(images: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Inverts the values from (n,) thresholds of 0 to 256 upwards."""
    return _looked_up(
        images, _rounded(np.where(thresholds[:, None] > LEVELS, LEVELS, 255 - LEVELS))
    )


def autocontrasted(images: np.ndarray) -> np.ndarray:
    """Stretches each channel so that its least value is 0 and its greatest 255."""
    n, h, w, c = images.shape
    rows = images.reshape(n, h, w * c)  # columns first: the inner loop is then long
    low, high = (
        reduce(reduce(rows, axis=1).reshape(n, w, c), axis=1).astype(np.float32)[..., None]
        for reduce in (np.min, np.max)
    )
    scale = 255 / np.maximum(high - low, 1)
    stretched = np.floor(np.clip((LEVELS - low) * scale + np.float32(1e-3), 0, 255))
    return _looked_up(images, np.where(high > low, stretched, LEVELS).astype(np.uint8))


def equalized(images: np.ndarray) -> np.ndarray:
    """Makes the histogram of each channel as even as one table can."""
    n, h, w, c = images.shape
    counts = np.bincount(_places(images, c).ravel(), minlength=n * c * 256).reshape(n, c, 256)
    greatest = (255 - np.argmax(counts[..., ::-1] > 0, axis=-1))[..., None]
    step = (h * w - np.take_along_axis(counts, greatest, axis=-1)) // 255
    below = np.cumsum(counts, axis=-1) - counts
    spread = np.minimum((below + step // 2) // np.maximum(step, 1), 255)
    return _looked_up(images, np.where(step > 0, spread, np.arange(256)).astype(np.uint8))


def mean_grey(images: np.ndarray) -> np.ndarray:
    """The mean luma of each image, (n,) float32."""
    n, h, w, c = images.shape
    sums = images.reshape(n, h, w * c).sum(axis=1, dtype=np.int32).reshape(n, w, c).sum(axis=1)
    means = sums.astype(np.float32) / np.float32(h * w)
    return means @ LUMA if c == 3 else means[:, 0]


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def _looked_up(images: np.ndarray, tables: np.ndarray) -> np.ndarray:
    """Applies a table per image, (n, 256), or per channel, (n, c, 256) uint8."""
    channels = tables.shape[1] if tables.ndim == 3 else 1
    return tables.ravel().take(_places(images, channels)).reshape(images.shape)


def _places(images: np.ndarray, channels: int) -> np.ndarray:
    """The index of each value in raveled tables, (n, h, w * c) intp."""
    n, h, w, c = images.shape
    # Row by row, because an inner loop over just three channels is slow.
    image = np.arange(0, n * channels * 256, channels * 256)[:, None, None]
    channel = np.tile(np.arange(c) * 256, w) if channels > 1 else 0
    return np.add(images.reshape(n, h, w * c), image + channel, dtype=np.intp)

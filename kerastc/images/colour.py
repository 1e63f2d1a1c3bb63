"""Colour jitter, saturation, hue and grey, on RGB images; one channel has no colour to change.

Images are (n, h, w, c) uint8, planes (n, c, h * w) float32 of 0 to 255: NumPy is many times faster
on them than on three channels side by side.
"""

import numpy as np

from kerastc.images.tables import LUMA

# The operations of `jittered`; `orders` and `factors` refer to them by index.
JITTERS = ("brightness", "contrast", "saturation", "hue")


def jittered(images: np.ndarray, factors: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Brightness, contrast, saturation and hue one after another, as in SimCLR.

    Each of the first three mixes the image with black, with its mean grey or with its own grey
    version: factor 0 gives that, 1 the image, more moves away from it. After each step values are
    clipped to the range of a pixel.

    Args:
        factors: (n, 4) float; the fourth rotates the hue, in shares of the whole circle.
        orders: (n, 4) int, permutations of 0 to 3: which operation is done first, second, ...

    Reference: Chen et al. 2020, A Simple Framework for Contrastive Learning of Visual
    Representations, appendix A.
    """
    planes = _planes(images)
    for place in range(len(JITTERS)):
        for number, name in enumerate(JITTERS):
            rows = np.flatnonzero(orders[:, place] == number)
            if len(rows):
                planes[rows] = _JITTER[name](planes[rows], factors[rows, number].astype(np.float32))
    return _pixels(planes, *images.shape[1:3])


def saturation(images: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The image's grey version at factor 0, the image at 1; factors (n,). Pillow's `Color`."""
    if images.shape[-1] == 1:
        return images
    return _pixels(_saturate(_planes(images), factors.astype(np.float32)), *images.shape[1:3])


def greyed(images: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Removes colour from the images where (n,) bool `chosen` is true; they keep 3 channels."""
    if images.shape[-1] == 1:
        return images
    grey = images.copy()
    red, green, blue = (images[chosen, :, :, i].astype(np.uint32) for i in range(3))
    # Pillow's luma: the weights in 16 bits, with the half that rounds.
    luma = (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16
    grey[chosen] = luma.astype(np.uint8)[..., None]
    return grey


def _brighten(planes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    planes *= factors[:, None, None]
    return np.minimum(planes, 255, out=planes)


def _contrast(planes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    means = planes.mean(axis=2)
    mean = means @ LUMA if planes.shape[1] == 3 else means[:, 0]
    return _mixed(planes, mean[:, None, None], factors)


def _saturate(planes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    return planes if planes.shape[1] == 1 else _mixed(planes, _grey(planes), factors)


def _turn_hue(planes: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Rotates the hue in hue, saturation and value (Smith 1978), keeping the other two."""
    if planes.shape[1] == 1:
        return planes
    red, green, blue = (planes[:, i] for i in range(3))
    value = np.maximum(np.maximum(red, green), blue)
    chroma = value - np.minimum(np.minimum(red, green), blue)
    divisor = np.maximum(chroma, np.float32(1e-6))
    # In sixths of the circle: how far the hue is from red, green or blue, whichever is greatest.
    hue = np.where(
        value == red,
        (green - blue) / divisor,
        np.where(value == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor),
    )
    hue += 6 * turns[:, None]
    for channel, centre in enumerate((0, 2, 4)):
        # A channel is full up to a sixth from its own hue and falls to nothing at two sixths.
        away = hue - centre
        away -= 6 * np.rint(away / 6)
        share = np.clip(2 - np.abs(away), 0, 1)
        planes[:, channel] = value - chroma * (1 - share)
    return planes


_JITTER = {
    "brightness": _brighten,
    "contrast": _contrast,
    "saturation": _saturate,
    "hue": _turn_hue,
}


def _mixed(planes: np.ndarray, towards: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The planes at factor 1, `towards` at 0, in place."""
    planes -= towards
    planes *= factors[:, None, None]
    planes += towards
    return np.clip(planes, 0, 255, out=planes)


def _grey(planes: np.ndarray) -> np.ndarray:
    """(n, 1, h * w) luma."""
    red, green, blue = (planes[:, i] * LUMA[i] for i in range(3))
    red += green
    red += blue
    return red[:, None]


def _planes(images: np.ndarray) -> np.ndarray:
    n, h, w, c = images.shape
    return images.reshape(n, h * w, c).transpose(0, 2, 1).astype(np.float32, order="C")


def _pixels(planes: np.ndarray, h: int, w: int) -> np.ndarray:
    levels = np.rint(planes, out=planes).astype(np.uint8)
    return np.ascontiguousarray(levels.transpose(0, 2, 1)).reshape(len(planes), h, w, -1)

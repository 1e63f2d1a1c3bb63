"""Rotation, zoom, shear and crop: one affine map per image, one bilinear gather per batch.

Maps are (n, 3, 3) float32 matrices on columns (y, x, 1), in pixels from the image's centre. They
map each pixel of the result to its position in the source, and are composed by `@`: in
`translation(...) @ rotation(...)` the position is rotated first, then moved.
"""

import numpy as np

# A pixel is gathered as one number: its channels, 16 bits each, the fourth of them empty.
PIXELS = 2**14  # at once: what they need stays in the cache; a batch at once takes 3 times as long
PACKED = {1: (np.uint16, 1, 1), 3: (np.uint64, 4, 0x0001_0001_0001_0001)}


def scaling(down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Maps that read an area `down` times as high and `across` times as wide, each (n,)."""
    return _maps(len(down), {(0, 0): down, (1, 1): across})


def rotation(degrees: np.ndarray) -> np.ndarray:
    """Maps that turn the image anticlockwise by (n,) degrees, as Pillow does."""
    angle = np.deg2rad(degrees)
    cosine, sine = np.cos(angle), np.sin(angle)
    return _maps(len(degrees), {(0, 0): cosine, (0, 1): sine, (1, 0): -sine, (1, 1): cosine})


def shear(down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Maps that read `down` pixels lower for each column, `across` further right for each row."""
    return _maps(len(down), {(0, 1): down, (1, 0): across})


def translation(down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Maps that read (n,) pixels lower and further right: the image moves up and left."""
    return _maps(len(down), {(0, 2): down, (1, 2): across})


def warped(images: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Resamples each image by its map, bilinearly; beyond its borders the image is reflected.

    Weights have 8 bits, so values may be two levels (of 255) off an exact computation; flips and
    moves by whole pixels are exact.

    Args:
        images: (n, h, w, c) uint8; c is 1 or 3.
        maps: (n, 3, 3).
    """
    n, h, w, _ = images.shape
    maps = maps.astype(np.float32)
    result = np.empty_like(images)
    step = max(PIXELS // (h * w), 1)
    for start in range(0, n, step):
        part = slice(start, start + step)
        result[part] = _bilinear(images[part], *_places(maps[part], h, w))
    return result


def _maps(count: int, entries: dict[tuple[int, int], np.ndarray]) -> np.ndarray:
    """Identity maps with some entries replaced."""
    maps = np.tile(np.eye(3, dtype=np.float32), (count, 1, 1))
    for (row, column), values in entries.items():
        maps[:, row, column] = values
    return maps


def _places(maps: np.ndarray, h: int, w: int) -> list[np.ndarray]:
    """The row and the column at which each pixel of the result is read, (n, h, w) float32 each."""
    rows = np.arange(h, dtype=np.float32) - np.float32((h - 1) / 2)
    columns = np.arange(w, dtype=np.float32) - np.float32((w - 1) / 2)
    found = []
    for axis, last in enumerate((h - 1, w - 1)):
        by_row, by_column, fixed = (maps[:, axis, i, None] for i in range(3))
        along_rows = by_row * rows + fixed + np.float32(last / 2)
        places = along_rows[:, :, None] + (by_column * columns)[:, None, :]
        found.append(_reflected(places, last))
    return found


def _reflected(places: np.ndarray, last: int) -> np.ndarray:
    """Folds any position into 0 to `last`, in place; the border pixels are not repeated."""
    period = np.float32(2 * last or 1)
    turns = places / period
    np.rint(turns, out=turns)
    turns *= period
    places -= turns
    np.abs(places, out=places)
    return np.minimum(places, np.float32(last), out=places)  # also where last is 0


def _bilinear(images: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The images' values at positions inside them, each (n, h, w) float32."""
    n, h, w, c = images.shape
    kind, lanes, ones = PACKED[c]
    channels = np.zeros((n, h, w, lanes), np.uint16)
    for channel in range(c):  # many times faster than [..., :c], whose inner loop is c long
        channels[..., channel] = images[..., channel]
    pixels = channels.view(kind).ravel()

    # The upper left one of four neighbours; it is never in the last row or column.
    top = np.minimum(y.astype(np.int32), max(h - 2, 0))
    left = np.minimum(x.astype(np.int32), max(w - 2, 0))
    first = np.add(top * w + left, np.arange(0, n * h * w, h * w)[:, None, None], dtype=np.intp)
    below, beside = (w if h > 1 else 0), (1 if w > 1 else 0)

    def neighbour(step: int) -> np.ndarray:
        return pixels[step:].take(first).view(np.uint16)

    def weights(places: np.ndarray, whole: np.ndarray) -> np.ndarray:
        share = np.rint((places - whole) * np.float32(256)).astype(kind)
        return (share * kind(ones)).view(np.uint16)

    across = weights(x, left)
    upper = _mixed(neighbour(0), neighbour(beside), across)
    lower = _mixed(neighbour(below), neighbour(below + beside), across)
    mixed = _mixed(upper, lower, weights(y, top)).reshape(n, h, w, lanes)
    result = np.empty(images.shape, np.uint8)
    for channel in range(c):
        result[..., channel] = mixed[..., channel]
    return result


def _mixed(one: np.ndarray, other: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The one at weight 0 and the other at 256, all uint16; `one` and `other` are overwritten."""
    # 255 * 256 and the half that rounds fit into 16 bits.
    other *= weight
    one *= 256 - weight
    one += other
    one += 128
    one >>= 8
    return one

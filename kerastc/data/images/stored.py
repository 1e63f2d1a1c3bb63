"""Images that stay in their files: decoded when they are asked for, in parallel."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

import numpy as np

from kerastc.data.images.near_images import means
from kerastc.errors import UserError
from kerastc.images.decoding import Fit
from kerastc.images.parallel import decoded_all

DTYPE = np.dtype(np.uint8)


@dataclass(frozen=True)
class Looks:
    """What is known of n images besides their pixels.

    Args:
        digests: (n,) SHA-256 of the pixels of each, 32 bytes.
        means: (n, cells) float32, from `kerastc.data.images.near_images.means`.
        extremes: (n, 2, channels) uint8, the lowest and highest value of each channel.
    """

    digests: np.ndarray
    means: np.ndarray
    extremes: np.ndarray

    @classmethod
    def of(cls, images: np.ndarray) -> Self:
        """Those of (n, height, width, channels) uint8."""
        digests = [sha256(np.ascontiguousarray(image)).digest() for image in images]
        extremes = np.stack([images.min(axis=(1, 2)), images.max(axis=(1, 2))], axis=1)
        return cls(as_digests(digests), means(images), extremes)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Those of several parts, one after the other."""
        names = ("digests", "means", "extremes")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def taken(self, rows: np.ndarray) -> Self:
        """Those of some rows."""
        return type(self)(self.digests[rows], self.means[rows], self.extremes[rows])


def as_digests(digests: Sequence[bytes]) -> np.ndarray:
    """Digests as (n,) array of `bytes` objects: NumPy's own type drops zeros at the end."""
    found = np.empty(len(digests), dtype=object)
    found[:] = digests
    return found


class StoredImages:
    """Images in files, as an array that is not in memory.

    `images[rows]` decodes those rows and gives an array; `images.taken(rows)` reads nothing.

    Args:
        sources: (n,) array of objects: paths, or images that are decoded already.
        image_shape: height, width and channels to which they are brought.
        fit: how; see `kerastc.images.decoding.decoded`.
        looks: at the images in that size.

    Attributes:
        shape: (n, height, width, channels).
        size: the numbers in it.
        dtype: uint8.
    """

    dtype = DTYPE
    ndim = 4

    def __init__(
        self, sources: np.ndarray, image_shape: tuple[int, int, int], fit: Fit, looks: Looks
    ):
        self.sources = sources
        self.image_shape = tuple(image_shape)
        self.fit = fit
        self.looks = looks

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (len(self.sources), *self.image_shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, rows: Any) -> np.ndarray:
        """One image, (height, width, channels) uint8, or several.

        Args:
            rows: a number, a slice, or an array of numbers or truth values.

        Raises:
            UserError: a file is gone, or was damaged since it was looked at.
        """
        found = self.sources[rows]
        alone = isinstance(rows, int | np.integer)
        pixels = decoded_all([found] if alone else found, self.image_shape, fit=self.fit)
        return pixels[0] if alone else pixels

    def taken(self, rows: Any) -> "StoredImages":
        """Some rows, still in their files."""
        return StoredImages(self.sources[rows], self.image_shape, self.fit, self.looks.taken(rows))


Images = np.ndarray | StoredImages


def rows_of(images: Images, rows: Any) -> Images:
    """Some rows of images, still in their files if these are."""
    return images.taken(rows) if isinstance(images, StoredImages) else images[rows]


def joined(*parts: Images) -> Images:
    """Images one after the other; in files if those of any part are.

    Raises:
        UserError: their shapes differ.
    """
    stored = next((part for part in parts if isinstance(part, StoredImages)), None)
    if stored is None:
        return np.concatenate(parts)
    every = [_stored(part, stored.fit) for part in parts]
    if len({part.image_shape for part in every}) > 1:
        raise UserError(
            f"Images of {' and '.join(str(part.image_shape) for part in every)} do not join."
        )
    looks = Looks.joined([part.looks for part in every])
    sources = np.concatenate([part.sources for part in every])
    return StoredImages(sources, stored.image_shape, stored.fit, looks)


def _stored(images: Images, fit: Fit) -> StoredImages:
    if isinstance(images, StoredImages):
        return images
    sources = np.empty(len(images), dtype=object)
    for row, image in enumerate(images):
        sources[row] = image
    return StoredImages(sources, images.shape[1:], fit, Looks.of(images))

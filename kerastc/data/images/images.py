"""Images in memory, as every image source gives and every image recipe takes them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from kerastc.data.images.stored import Images, StoredImages
from kerastc.data.label_names import class_name
from kerastc.data.labelled import Examples, Labelled
from kerastc.errors import UserError

BLOCK = 1024  # images whose squares are held at once
ANOTHER_NAME = "images of another name that reads as the class {!r}"


@dataclass(frozen=True)
class LabelledImages(Labelled):
    """Images with one class each.

    Args:
        examples: (n, height, width, channels) uint8; one channel (grey) or three (RGB). An array,
            or `StoredImages`.
        labels, classes, source, notes: as in `Labelled`.
        names: (n,) array of `str` objects, each image's name in reports: "train 123",
            "dog/rex.png".
        bits: of the grey values in 16-bit files, if there were any.
    """

    unit: ClassVar[str] = "image"
    per_row: ClassVar[tuple[str, ...]] = (*Labelled.per_row, "names")

    names: np.ndarray = field(kw_only=True)
    bits: int | None = field(default=None, kw_only=True)

    @property
    def written(self) -> np.ndarray:
        """The names."""
        return self.names

    def _digest(self, digest) -> None:
        digest.update(repr(self.examples.shape).encode())
        digest.update(content_of(self.examples))
        digest.update(self.labels.astype("<i4"))


@dataclass(frozen=True)
class UnlabelledImages(Examples):
    """Images whose classes must stay unknown in training: there is no field for them.

    Args:
        examples: as in `LabelledImages`.
        names: (n,) array of `str` objects that do not reveal a class: "train 123".
        source: where the images come from.
        notes: as in `LabelledImages`.
    """

    per_row: ClassVar[tuple[str, ...]] = ("examples", "names")

    examples: Images
    names: np.ndarray
    source: str
    notes: dict[str, int] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over shape and images in their order."""
        digest = hashlib.sha256(repr(self.examples.shape).encode())
        digest.update(content_of(self.examples))
        return digest.hexdigest()


def content_of(images: Images) -> Any:
    """What tells these images from others, as bytes: their pixels; of files their digests."""
    if isinstance(images, StoredImages):
        return b"".join(images.looks.digests)
    return np.ascontiguousarray(images).reshape(-1)


def row_names(part: str, rows: Sequence[int]) -> np.ndarray:
    """Names for images that have none of their own: "train 0", "train 1", ..."""
    names = np.empty(len(rows), dtype=object)
    names[:] = [f"{part} {row}" for row in rows]
    return names


def blank_images(images: Images) -> dict[str, int]:
    """How many of (n, height, width, channels) uint8 images show nothing, by reason."""
    black = flat = 0
    for start in range(0, len(images), BLOCK):
        if isinstance(images, StoredImages):
            lowest, highest = images.looks.extremes[start : start + BLOCK].swapaxes(0, 1)
        else:
            block = images[start : start + BLOCK]
            highest, lowest = block.max(axis=(1, 2)), block.min(axis=(1, 2))
        dark = highest.max(axis=1) <= 1
        black += int(dark.sum())
        flat += int(((highest == lowest).all(axis=1) & ~dark).sum())
    counted = {"images all black": black, "images of one colour only": flat}
    return {what: count for what, count in counted.items() if count}


def channel_statistics(*parts: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel over all pixels, on the scale from 0 to 255.

    Args:
        *parts: (n, height, width, channels) uint8 arrays of equal shape except for n, pooled.

    Returns:
        The means and the deviations. The deviation of a constant channel is given as 1, for safe
        division.
    """
    channels = parts[0].shape[-1]
    sums, squares, pixels = np.zeros(channels), np.zeros(channels), 0
    for images in parts:
        for start in range(0, len(images), BLOCK):
            # Sums over images first: long rows of whole numbers, exact (255² · 1024 < 2³²).
            block = images[start : start + BLOCK].astype(np.uint32)
            sums += block.sum(axis=0, dtype=np.uint32).sum(axis=(0, 1), dtype=np.uint64)
            squares += (
                (block * block).sum(axis=0, dtype=np.uint32).sum(axis=(0, 1), dtype=np.uint64)
            )
        pixels += images.size // channels
    mean = sums / pixels
    deviation = np.sqrt(np.maximum(squares / pixels - mean**2, 0))
    deviation[deviation == 0] = 1
    return tuple(mean.tolist()), tuple(deviation.tolist())


def as_read(names: Sequence[str], place: object) -> tuple[tuple[str, ...], np.ndarray]:
    """The classes that names refer to, by the rule for labels: names that read alike are one class.

    Args:
        names: of folders, or of labels in their order, without repeats.
        place: as in `check_class_names`, which also raises the errors.

    Returns:
        The classes, and (names,) int32, the class of each name.
    """
    if len(set(names)) < len(names):
        check_class_names(names, place)
    read = [class_name(name) for name in names]
    number = {name: i for i, name in enumerate(dict.fromkeys(read))}
    classes = tuple(number)
    check_class_names(classes, place)
    return classes, np.array([number[name] for name in read], np.int32)


def merged_notes(classes: Sequence[str], of_name: np.ndarray, counts: np.ndarray) -> dict[str, int]:
    """Notes on names that became one class: the images under all but the first of them.

    Args:
        classes: from `as_read`.
        of_name: (names,) from `as_read`.
        counts: (names,) images under each name.
    """
    notes: dict[str, int] = {}
    first = set()
    for number, count in zip(of_name.tolist(), counts.tolist(), strict=True):
        if number in first:
            what = ANOTHER_NAME.format(classes[number])
            notes[what] = notes.get(what, 0) + count
        first.add(number)
    return notes


def check_class_names(classes: Sequence[str], place: object) -> None:
    """Refuses names that a file with one class name per line could not hold.

    Args:
        classes: the names.
        place: where they are, for the error.

    Raises:
        UserError: a name is empty, occurs twice, or holds a line break or a non-text character.
    """
    seen = set()
    for index, name in enumerate(classes):
        if not name.strip() or not name.isprintable():
            raise UserError(
                f"{place}: the name of class {index}, {name!r}, cannot be used.",
                "A class name is a line of printable text.",
            )
        if name in seen:
            raise UserError(f"{place}: two classes are called {name!r}.", "Rename one of them.")
        seen.add(name)

"""The arrays of images and labels in a NumPy file, checked one by one."""

import zipfile
import zlib
from contextlib import suppress
from math import prod
from pathlib import Path

import numpy as np

from kerastc.data.images.pixels import eight_bits
from kerastc.data.images.shapes import LARGEST
from kerastc.data.label_names import class_name, label_name
from kerastc.errors import UserError, nearest

LAYOUT = (
    "The file holds x_train and x_test, (images, height, width) or (images, height, width, "
    "channels) uint8, y_train and y_test, (images,) whole numbers, and, if you like, label_names."
)
OTHERS = "arrays that are not read"

_NAMES = ("x_train", "y_train", "x_test", "y_test", "label_names")
# Raised by NumPy and zipfile for a file that is cut, damaged, encrypted or misstates its size.
_BROKEN = (
    *(ValueError, OSError, EOFError, KeyError, MemoryError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, SyntaxError),
)


class ArrayFile:
    """The checked arrays of an .npz file; each is read on demand.

    Args:
        path: the file.
    """

    def __init__(self, path: Path):
        self.path = path
        self._asked: set[str] = set()
        try:
            with zipfile.ZipFile(path) as archive:
                self.names = [name.removesuffix(".npy") for name in archive.namelist()]
        except _BROKEN as error:
            raise UserError(
                f"{path} is not a file of NumPy arrays (.npz): {error}.", LAYOUT
            ) from None

    def has(self, part: str) -> bool:
        """Whether there are images or labels for a part, such as "train"."""
        return f"x_{part}" in self.names or f"y_{part}" in self.names

    def part(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        """Images (n, height, width, channels) uint8 and labels (n,) int32 of a part."""
        images = self.images(f"x_{part}")
        labels = self._labels(f"y_{part}")
        if len(images) != len(labels):
            raise UserError(
                f"{self.path}: x_{part} has {len(images):,} images, y_{part} has "
                f"{len(labels):,} labels.",
                "Each image needs one label.",
            )
        return images, labels

    def classes(self, labels: list[np.ndarray]) -> tuple[tuple[str, ...], list[np.ndarray]]:
        """The names of the classes, and the labels as indices into them, (images,) int32.

        Args:
            labels: as `part` gives them, from all parts: numbers or texts.
        """
        text = [array.dtype.kind == "O" for array in labels]
        names = self._label_names()
        if any(text):
            if not all(text):
                raise UserError(
                    f"{self.path}: the labels of one part are texts, those of another numbers.",
                    "Use the same kind in all parts.",
                )
            return self._named(labels, names)
        largest = max(int(array.max()) for array in labels)
        images = sum(map(len, labels))
        if names is None:
            if largest >= images:
                raise UserError(
                    f"{self.path}: the label {largest:,} is out of range: there cannot be as many "
                    f"classes, with {images:,} images.",
                    "Labels count from 0; or name the classes in label_names.",
                )
            return tuple(map(str, range(largest + 1))), labels
        if largest >= len(names):
            raise UserError(
                f"{self.path}: the label {largest:,} is out of range: label_names has "
                f"{len(names)} classes, so labels are 0 to {len(names) - 1}.",
                "Correct the labels, or name all classes.",
            )
        return names, labels

    def unread(self) -> dict[str, int]:
        """The arrays that were not asked for: images in each, and the number of other arrays."""
        notes: dict[str, int] = {}
        for name in self.names:
            if name not in self._asked:
                shape = self._shape(name)
                images = name.startswith("x") and len(shape) > 1
                notes[f"images in {name}, which is not read" if images else OTHERS] = (
                    shape[0] if images else notes.get(OTHERS, 0) + 1
                )
        return notes

    def _label_names(self) -> tuple[str, ...] | None:
        if "label_names" not in self.names:
            return None
        names = self._read("label_names")
        if names.ndim != 1 or names.dtype.kind not in "US":
            raise UserError(
                f"{self.path}: label_names is {names.dtype} of shape {shape_text(names.shape)}.",
                "It holds a text for each class, in the order of the labels.",
            )
        return tuple(_decoded(names).tolist())

    def _named(
        self, labels: list[np.ndarray], names: tuple[str, ...] | None
    ) -> tuple[tuple[str, ...], list[np.ndarray]]:
        """As `classes`, for labels that are texts."""
        there = {class_name(name) for array in labels for name in array}
        known = tuple(sorted(there)) if names is None else names
        index: dict[str, int] = {}
        for number, name in enumerate(known):
            index.setdefault(class_name(name), number)
        if unknown := sorted(there - set(index)):
            raise UserError(
                f"{self.path}: the label {unknown[0]!r} is not in label_names.",
                nearest(unknown[0], known) or "Name all classes there, or leave label_names out.",
            )
        return known, [
            np.array([index[class_name(name)] for name in array], np.int32) for array in labels
        ]

    def images(self, name: str) -> np.ndarray:
        """An array of images, (n, height, width, channels) uint8; see `eight_bits`."""
        images = eight_bits(self._read(name), self.path, name)
        if images.ndim == 3:
            images = images[..., None]
        if images.ndim != 4 or images.shape[-1] not in (1, 3) or 0 in images.shape:
            first = images.ndim == 4 and images.shape[1] in (1, 3)
            raise UserError(
                f"{self.path}: {name} has the shape {shape_text(images.shape)}; images are "
                "(images, height, width) or (images, height, width, channels) with 1 or 3 "
                "channels.",
                f"Write {name}.transpose(0, 2, 3, 1): channels come last." if first else "",
            )
        if images.max() <= 1:
            raise UserError(
                f"{self.path}: {name} has no value above {images.max()}; pixels are 0 to 255.",
                "Multiply images of 0 and 1 by 255. Others lost their values when they were "
                "made whole numbers: multiply before that.",
            )
        return images

    def _labels(self, name: str) -> np.ndarray:
        labels = self._read(name)
        if labels.ndim == 2 and labels.shape[1] == 1:  # as in Keras' CIFAR-100
            labels = labels[:, 0]
        if labels.ndim != 1 or not len(labels):
            raise UserError(
                f"{self.path}: {name} has the shape {shape_text(labels.shape)}; labels are "
                "(images,).",
                "For labels of zeros and ones write labels.argmax(axis=1)."
                if labels.ndim == 2
                else "",
            )
        if labels.dtype.kind in "US":
            return self._texts(name, labels)
        if labels.dtype.kind == "f":
            odd = np.flatnonzero(~(np.isfinite(labels) & (labels == np.rint(labels))))
            if len(odd):
                raise UserError(
                    f"{self.path}: {name} has the label {labels[odd[0]]} in row {odd[0]}; labels "
                    "are whole numbers from 0, or texts.",
                    "Leave such rows out, or put images without labels into x_unlabelled.",
                )
        elif labels.dtype.kind not in "iu":
            raise UserError(
                f"{self.path}: {name} is {labels.dtype}; labels are whole numbers from 0, or texts."
            )
        if labels.min() < 0:
            row = int(labels.argmin())
            raise UserError(
                f"{self.path}: {name} has the label {labels[row]} in row {row}, which is out of "
                "range: labels are whole numbers from 0.",
                "Leave such rows out, or put images without labels into x_unlabelled.",
            )
        if labels.max() > np.iinfo(np.int32).max:
            raise UserError(f"{self.path}: {name} has the label {labels.max():,}: out of range.")
        return labels.astype(np.int32)

    def _texts(self, name: str, labels: np.ndarray) -> np.ndarray:
        """Labels that are names of classes, (images,) object."""
        texts = _decoded(labels).astype(object)
        empty = [row for row, text in enumerate(texts) if not label_name(text)]
        if empty:
            raise UserError(
                f"{self.path}: {name} has {len(empty):,} empty labels, the first in row "
                f"{empty[0]}: {texts[empty[0]]!r}.",
                "Leave such rows out, or put images without labels into x_unlabelled.",
            )
        return texts

    def _shape(self, name: str) -> tuple[int, ...]:
        """The shape in an array's header; () if it is not an array."""
        with suppress(*_BROKEN), zipfile.ZipFile(self.path) as archive:
            with archive.open(f"{name}.npy") as file:
                version = np.lib.format.read_magic(file)
                read = np.lib.format.read_array_header_2_0
                if version == (1, 0):
                    read = np.lib.format.read_array_header_1_0
                return read(file)[0]
        return ()

    def _read(self, name: str) -> np.ndarray:
        self._asked.add(name)
        if name not in self.names:
            raise UserError(
                f"{self.path} has no array {name}; it has {', '.join(self.names) or 'none'}.",
                nearest(name, set(self.names) - set(_NAMES)) or LAYOUT,
            )
        if (needed := prod(self._shape(name))) > LARGEST:
            raise UserError(
                f"{self.path}: {name} cannot be read: its {needed:,} values would not fit into "
                "memory.",
                "Write smaller images, or fewer.",
            )
        try:
            with np.load(self.path, allow_pickle=False) as arrays:
                return arrays[name]
        except _BROKEN as error:
            reason = error
        if "allow_pickle" in str(reason):
            raise UserError(
                f"{self.path}: {name} is an array of Python objects, which could run programs.",
                "Save plain numbers, and texts as arrays of str.",
            )
        raise UserError(f"{self.path}: {name} cannot be read: {reason}.", "Write the file again.")


def _decoded(texts: np.ndarray) -> np.ndarray:
    """NumPy's bytes decoded to texts."""
    return np.char.decode(texts, "utf-8", "replace") if texts.dtype.kind == "S" else texts


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as Python writes it."""
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"

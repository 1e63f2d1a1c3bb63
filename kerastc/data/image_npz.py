"""Images from a NumPy file of the user, in the layout of Keras' own data sets."""

import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from kerastc.data.image_shapes import resized
from kerastc.data.image_sources import ImageSource
from kerastc.data.images import (
    LabelledImages,
    UnlabelledImages,
    as_read,
    merged_notes,
    row_names,
)
from kerastc.errors import UserError, nearest

LAYOUT = (
    "The file holds x_train and x_test, (images, height, width) or (images, height, width, "
    "channels) uint8, y_train and y_test, (images,) whole numbers, and, if you like, label_names."
)

PARTS = {"test": ("test",), "validation": ("validation", "valid", "val", "dev")}
UNLABELLED = ("unlabelled", "unlabeled")
_NAMES = ("x_train", "y_train", "x_test", "y_test", "label_names")
# What NumPy and zipfile raise for a file that is cut, damaged, encrypted or lies about its size.
_BROKEN = (
    *(ValueError, OSError, EOFError, MemoryError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, SyntaxError),
)


def read_npz(path: Path, size: tuple[int, int] | None = None) -> ImageSource:
    """Reads x_train and y_train, x_test and y_test where they are there, and label_names.

    Without label_names the classes are called 0, 1, ... up to the largest label.

    Args:
        path: the file.
        size: height and width to bring the images to; None leaves them as they are.

    Raises:
        UserError: the file cannot be read; an array is missing or has a wrong type, shape, values
            or length; a label is out of range.
    """
    file = _ArrayFile(path)
    names = {part: next((n for n in names if file.has(n)), None) for part, names in PARTS.items()}
    names = {"train": "train"} | {part: name for part, name in names.items() if name}
    arrays = {part: file.part(name) for part, name in names.items()}
    without = next((part for part in UNLABELLED if f"x_{part}" in file.names), None)
    shape = arrays["train"][0].shape[1:]
    shapes = {f"x_{names[part]}": images.shape[1:] for part, (images, _) in arrays.items()}
    if without:
        shapes[f"x_{without}"] = file.images(f"x_{without}").shape[1:]
    for name, other in shapes.items():
        if other != shape:
            raise UserError(
                f"{path}: the images of x_train are {_shape(shape)}, those of {name} "
                f"{_shape(other)}.",
                "Bring them to one shape.",
            )
    labels = [labels for _, labels in arrays.values()]
    classes = file.classes(labels)
    parts: dict[str, LabelledImages | UnlabelledImages] = {
        part: _labelled(path, names[part] if len(arrays) > 1 else "image", *found, classes, size)
        for part, found in arrays.items()
    }
    counts = np.bincount(np.concatenate(labels), minlength=len(classes))
    notes = merged_notes(*as_read(classes, f"{path}, label_names"), counts)
    parts["train"] = replace(parts["train"], notes=notes)
    if without:
        parts["unlabelled"] = _unlabelled(path, without, file, size)
    return ImageSource(**parts)


def read_unlabelled_npz(path: Path, size: tuple[int, int]) -> UnlabelledImages:
    """x_unlabelled of such a file, or, where it is missing, x_train; labels are not looked at.

    Raises:
        UserError: as `read_npz` does.
    """
    file = _ArrayFile(path)
    part = next((part for part in UNLABELLED if f"x_{part}" in file.names), "train")
    return _unlabelled(path, part, file, size)


def _unlabelled(
    path: Path, part: str, file: "_ArrayFile", size: tuple[int, int] | None
) -> UnlabelledImages:
    images = resized(file.images(f"x_{part}"), size)
    return UnlabelledImages(images, row_names(part, range(len(images))), path.name)


def read_npz_part(path: Path, size: tuple[int, int] | None = None) -> LabelledImages:
    """x_test and y_test of such a file, or, where they are missing, x_train and y_train.

    Raises:
        UserError: as `read_npz` does.
    """
    file = _ArrayFile(path)
    part = "test" if file.has("test") else "train"
    images, labels = file.part(part)
    return _labelled(path, part, images, labels, file.classes([labels]), size)


def _labelled(
    path: Path,
    word: str,
    images: np.ndarray,
    labels: np.ndarray,
    classes: tuple[str, ...],
    size: tuple[int, int] | None,
) -> LabelledImages:
    rows = row_names(word, range(len(images)))
    classes, of_name = as_read(classes, f"{path}, label_names")
    return LabelledImages(resized(images, size), of_name[labels], classes, rows, path.name)


class _ArrayFile:
    """The checked arrays of an .npz file; each is read when it is asked for.

    Args:
        path: the file.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            with zipfile.ZipFile(path) as archive:
                self.names = [name.removesuffix(".npy") for name in archive.namelist()]
        except (zipfile.BadZipFile, OSError) as error:
            raise UserError(f"{path} is no file of NumPy arrays (.npz): {error}.", LAYOUT) from None

    def has(self, part: str) -> bool:
        """Whether there are images or labels of a part, such as "train"."""
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

    def classes(self, labels: list[np.ndarray]) -> tuple[str, ...]:
        """The names of the classes; checks that no label lies beyond them."""
        largest = max(int(array.max()) for array in labels)
        images = sum(map(len, labels))
        if "label_names" not in self.names:
            if largest >= images:
                raise UserError(
                    f"{self.path}: the label {largest:,} is out of range: there cannot be as many "
                    f"classes, with {images:,} images.",
                    "Labels count from 0; or name the classes in label_names.",
                )
            return tuple(map(str, range(largest + 1)))
        names = self._read("label_names")
        if names.ndim != 1 or names.dtype.kind not in "US":
            raise UserError(
                f"{self.path}: label_names is {names.dtype} of shape {_shape(names.shape)}.",
                "It holds a text for each class, in the order of the labels.",
            )
        if names.dtype.kind == "S":
            names = np.char.decode(names, "utf-8", "replace")
        classes = tuple(names.tolist())
        if largest >= len(classes):
            raise UserError(
                f"{self.path}: the label {largest:,} is out of range: label_names has "
                f"{len(classes)} classes, so labels are 0 to {len(classes) - 1}.",
                "Correct the labels, or name all classes.",
            )
        return classes

    def images(self, name: str) -> np.ndarray:
        """An array of images, (n, height, width, channels) uint8."""
        images = self._read(name)
        kind = images.dtype
        if kind != np.uint8:
            scaled = kind.kind == "f" and images.size and np.nanmax(images) <= 1
            raise UserError(
                f"{self.path}: {name} is {kind}; pixels are uint8, 0 to 255.",
                f"Write np.rint({name}{' * 255' if scaled else ''}).astype('uint8').",
            )
        if images.ndim == 3:
            images = images[..., None]
        if images.ndim != 4 or images.shape[-1] not in (1, 3) or 0 in images.shape:
            first = images.ndim == 4 and images.shape[1] in (1, 3)
            raise UserError(
                f"{self.path}: {name} has the shape {_shape(images.shape)}; images are (images, "
                "height, width) or (images, height, width, channels) with 1 or 3 channels.",
                f"Write {name}.transpose(0, 2, 3, 1): channels come last." if first else "",
            )
        if images.max() <= 1:
            raise UserError(
                f"{self.path}: {name} has no value above {images.max()}; pixels are 0 to 255.",
                "Images of 0 and 1 are to be multiplied by 255; others lost all when they "
                "were made whole numbers, and are to be multiplied before.",
            )
        return images

    def _labels(self, name: str) -> np.ndarray:
        labels = self._read(name)
        if labels.ndim == 2 and labels.shape[1] == 1:  # as Keras' CIFAR-100 comes
            labels = labels[:, 0]
        if labels.dtype.kind not in "iu":
            raise UserError(
                f"{self.path}: {name} is {labels.dtype}; labels are whole numbers from 0.",
                "Names of classes go into label_names, and their places there into the labels.",
            )
        if labels.ndim != 1 or not len(labels):
            raise UserError(
                f"{self.path}: {name} has the shape {_shape(labels.shape)}; labels are (images,).",
                "For labels of zeros and ones write labels.argmax(axis=1)."
                if labels.ndim == 2
                else "",
            )
        if labels.min() < 0:
            row = int(labels.argmin())
            raise UserError(
                f"{self.path}: {name} has the label {labels[row]} in row {row}, which is out of "
                "range: labels are whole numbers from 0.",
                "Leave such rows out.",
            )
        if labels.max() > np.iinfo(np.int32).max:
            raise UserError(f"{self.path}: {name} has the label {labels.max():,}: out of range.")
        return labels.astype(np.int32)

    def _read(self, name: str) -> np.ndarray:
        if name not in self.names:
            raise UserError(
                f"{self.path} has no array {name}; it has {', '.join(self.names) or 'none'}.",
                nearest(name, set(self.names) - set(_NAMES)) or LAYOUT,
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


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"

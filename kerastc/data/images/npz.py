"""Images from a user's NumPy file, in the layout of Keras' own data sets."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from kerastc.data.images.arrays import ArrayFile, shape_text
from kerastc.data.images.images import (
    LabelledImages,
    UnlabelledImages,
    as_read,
    merged_notes,
    row_names,
)
from kerastc.data.images.shapes import resized
from kerastc.data.images.sources import ImageSource
from kerastc.errors import UserError

PARTS = {"test": ("test",), "validation": ("validation", "valid", "val", "dev")}
UNLABELLED = ("unlabelled", "unlabeled", "extra")


def read_npz(path: Path, size: tuple[int, int] | None = None) -> ImageSource:
    """Reads x_train and y_train, and test, validation and unlabelled arrays if there are any.

    The class names are those in label_names, or the labels themselves if these are texts; else 0,
    1, ... up to the largest label. Other arrays in the file are counted.

    Args:
        path: the file.
        size: height and width to resize the images to; None leaves them as they are.

    Raises:
        UserError: the file cannot be read; an array is missing or has a wrong type, shape, values
            or length; a label is out of range.
    """
    file = ArrayFile(path)
    names = {part: next((n for n in names if file.has(n)), None) for part, names in PARTS.items()}
    names = {"train": "train"} | {part: name for part, name in names.items() if name}
    arrays = {part: file.part(name) for part, name in names.items()}
    without = _without_labels(file)
    more = file.images(f"x_{without}") if without else None
    shapes = {f"x_{names[part]}": images.shape[1:] for part, (images, _) in arrays.items()}
    if without:
        shapes[f"x_{without}"] = more.shape[1:]
    for name, other in shapes.items():
        if other != shapes["x_train"]:
            raise UserError(
                f"{path}: the images of x_train are {shape_text(shapes['x_train'])}, those of "
                f"{name} {shape_text(other)}.",
                "Bring them to one shape.",
            )
    classes, labels = file.classes([labels for _, labels in arrays.values()])
    parts: dict[str, LabelledImages | UnlabelledImages] = {
        part: _labelled(
            path, names[part] if len(arrays) > 1 else "image", images, classes, numbers, size
        )
        for (part, (images, _)), numbers in zip(arrays.items(), labels, strict=True)
    }
    counts = np.bincount(np.concatenate(labels), minlength=len(classes))
    notes = merged_notes(*as_read(classes, f"{path}, label_names"), counts) | file.unread()
    parts["train"] = replace(parts["train"], notes=notes)
    if without:
        parts["unlabelled"] = _unlabelled(path, without, more, size)
    return ImageSource(**parts)


def read_unlabelled_npz(path: Path, size: tuple[int, int]) -> UnlabelledImages:
    """x_unlabelled from such a file, or x_train if it is missing; labels are not read.

    Raises:
        UserError: as `read_npz` does.
    """
    file = ArrayFile(path)
    part = _without_labels(file) or "train"
    return _unlabelled(path, part, file.images(f"x_{part}"), size)


def read_npz_part(path: Path, size: tuple[int, int] | None = None) -> LabelledImages:
    """x_test and y_test from such a file, or x_train and y_train if they are missing.

    Raises:
        UserError: as `read_npz` does.
    """
    file = ArrayFile(path)
    part = "test" if file.has("test") else "train"
    images, labels = file.part(part)
    classes, (labels,) = file.classes([labels])
    return _labelled(path, part, images, classes, labels, size)


def _without_labels(file: ArrayFile) -> str | None:
    """The name of the part without labels; `extra` has labels in some data sets."""
    there = (part for part in UNLABELLED if f"x_{part}" in file.names)
    return next((part for part in there if part != "extra" or "y_extra" not in file.names), None)


def _unlabelled(
    path: Path, part: str, images: np.ndarray, size: tuple[int, int] | None
) -> UnlabelledImages:
    rows = row_names(part, range(len(images)))
    return UnlabelledImages(resized(images, size), rows, path.name)


def _labelled(
    path: Path,
    word: str,
    images: np.ndarray,
    classes: tuple[str, ...],
    labels: np.ndarray,
    size: tuple[int, int] | None,
) -> LabelledImages:
    rows = row_names(word, range(len(images)))
    classes, of_name = as_read(classes, f"{path}, label_names")
    return LabelledImages(resized(images, size), of_name[labels], classes, path.name, names=rows)

"""Images from a folder with a subfolder per class: DIR/cat/*.jpg, DIR/dog/*.jpg."""

from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kerastc.data.images.files import (
    EXTENSIONS,
    SHOWN,
    ImageFiles,
    files_without_labels,
    image_files,
)
from kerastc.data.images.images import LabelledImages, UnlabelledImages
from kerastc.data.images.shapes import common_size, room_for
from kerastc.data.images.sources import ImageSource
from kerastc.errors import UserError
from kerastc.images.decoding import decoded, depth, is_deep, opened, upright_size
from kerastc.progress import progress

GREY = frozenset(("1", "L", "LA", "I", "I;16", "I;16L", "I;16B", "I;16N"))  # Pillow's modes


def read_folder(
    folder: Path,
    size: tuple[int, int] | None = None,
    skip_unreadable: bool = False,
    shape: tuple[int, int, int] | None = None,
    bits: int | None = None,
) -> ImageSource:
    """Reads DIR/CLASS/**/IMAGE, or DIR/train/CLASS/**/IMAGE and the same for the other parts.

    Those are test, validation (valid, val, dev) and unlabelled, whose images may be in any folders.
    Images become grey if all are grey, else RGB. Hidden files, files that are not images, links out
    of the folder and images outside class folders are skipped and counted. Rows are ordered by a
    hash of their files, so that an image's position reveals nothing about its class.

    Args:
        folder: the folder.
        size: height and width to resize images to; None leaves them as they are, or takes 32 x 32
            if their sizes differ.
        skip_unreadable: leave out and count images that cannot be read.
        shape: height, width and channels to convert images to, instead of `size`.
        bits: bits in use in grey 16-bit files, if known from the training images; None takes the
            fewest that hold the largest value in all files.

    Raises:
        UserError: there are no class folders, or one without images; an image cannot be read.
    """
    files = image_files(folder)
    return ImageSource(**_read(folder, files, size, skip_unreadable, shape, bits))


def read_unlabelled_folder(
    folder: Path,
    shape: tuple[int, int, int],
    bits: int | None = None,
    skip_unreadable: bool = False,
) -> UnlabelledImages:
    """Reads all images in a folder and its subfolders, without labels.

    Args:
        folder: the folder.
        shape: height, width and channels to convert the images to.
        bits, skip_unreadable: as in `read_folder`.

    Raises:
        UserError: there are no images, or one cannot be read.
    """
    files = unlabelled_files(folder)
    return _read(folder, {"unlabelled": files}, None, skip_unreadable, shape, bits)["unlabelled"]


def unlabelled_files(folder: Path) -> ImageFiles:
    """All images in a folder and its subfolders.

    Raises:
        UserError: there are none.
    """
    files = files_without_labels(folder)
    if not files.class_of:
        raise UserError(
            f"There are no images in {folder}.", f"Taken are {' '.join(sorted(EXTENSIONS))}"
        )
    return files


class _Look(NamedTuple):
    """What is known of a file before its pixels are resized."""

    digest: bytes  # the file's
    size: tuple[int, int]  # height, width
    grey: bool
    largest: int | None  # value, if it is grey with 16 bits
    animated: bool


def _read(
    folder: Path,
    files: Mapping[str, ImageFiles],
    size: tuple[int, int] | None,
    skip_unreadable: bool,
    shape: tuple[int, int, int] | None,
    bits: int | None,
) -> dict[str, LabelledImages | UnlabelledImages]:
    """The images of each part, with its notes."""
    unreadable: dict[Path, str] = {}
    looks = {name: _looks(part.class_of, unreadable) for name, part in files.items()}
    everything = [look for part in looks.values() for look in part.values()]
    deep = [look.largest for look in everything if look.largest is not None]
    if deep and bits is None:
        bits = depth(max(deep))
    parts = {}
    if everything:
        if shape is None:
            channels = 1 if all(look.grey for look in everything) else 3
            shape = (*common_size({look.size for look in everything}, size), channels)
        classes = tuple(files["train"].classes) if "train" in files else ()
        for name, part in files.items():
            parts[name] = _decoded(folder, part, looks[name], classes, shape, bits, unreadable)
    if unreadable and not (skip_unreadable and parts and all(map(len, parts.values()))):
        raise unreadable_images(folder, unreadable)
    return parts


def _looks(files: Mapping[Path, str], unreadable: dict[Path, str]) -> dict[Path, _Look]:
    """Inspects each file; those that cannot be read go into `unreadable` with the reason."""
    found = {}
    with progress("Looking at images", len(files)) as advance:
        for file in files:
            try:
                found[file] = _look(file)
            except UserError as error:
                unreadable[file] = error.message.removeprefix(str(file))
            advance()
    return found


def _look(file: Path) -> _Look:
    with opened(file) as (image, content):
        return _Look(
            blake2b(content, digest_size=16).digest(),
            upright_size(image),
            image.mode in GREY,
            int(np.asarray(image).max()) if is_deep(image) else None,
            getattr(image, "n_frames", 1) > 1,
        )


def _decoded(
    folder: Path,
    part: ImageFiles,
    looks: Mapping[Path, _Look],
    classes: tuple[str, ...],
    shape: tuple[int, int, int],
    bits: int | None,
    unreadable: dict[Path, str],
) -> LabelledImages | UnlabelledImages:
    """The images of a part; only one file at a time is held in full size."""
    files = sorted(looks, key=lambda file: looks[file].digest)
    images, kept = room_for(len(files), shape, folder), []
    with progress("Reading images", len(files)) as advance:
        for file in files:
            try:
                images[len(kept)] = decoded(file, shape, bits)
                kept.append(file)
            except UserError as error:
                unreadable[file] = error.message.removeprefix(str(file))
            advance()
    notes = Counter(part.passed_over)
    notes["unreadable images left out"] = len(part.class_of) - len(kept)
    notes["animations and files of several pages, of which the first is taken"] = sum(
        looks[file].animated for file in kept
    )
    notes[f"grey images of 16 bits, of which {bits} are in use"] = sum(
        looks[file].largest is not None for file in kept
    )
    told = {what: notes[what] for what in sorted(notes) if notes[what]}
    names = np.empty(len(kept), dtype=object)
    names[:] = [shown_path(file.relative_to(folder)) for file in kept]
    pixels = images[: len(kept)]
    if not any(part.class_of.values()):
        return UnlabelledImages(pixels, names, str(folder), told)
    number = {name: i for i, name in enumerate(classes)}
    labels = np.array([number[part.class_of[file]] for file in kept], np.int32)
    return LabelledImages(pixels, labels, classes, str(folder), told, names=names, bits=bits)


def unreadable_images(folder: Path, unreadable: Mapping[Path, str]) -> UserError:
    """The refusal of files in a folder, which names some.

    Args:
        folder: the folder.
        unreadable: why each cannot be read, as the end of a sentence that begins with its name.
    """
    shown = [
        f"  {shown_path(file.relative_to(folder))}{reason}"
        for file, reason in sorted(unreadable.items())[:SHOWN]
    ]
    more = [f"  and {len(unreadable) - SHOWN:,} more"] if len(unreadable) > SHOWN else []
    return UserError(
        "\n".join([f"{folder}: {len(unreadable):,} images cannot be read:", *shown, *more]),
        "Mend or remove them, or leave them out with skip_unreadable=true.",
    )


def shown_path(path: Path) -> str:
    """A path that any text file can hold, whatever bytes its name has."""
    return path.as_posix().encode("utf-8", "backslashreplace").decode()

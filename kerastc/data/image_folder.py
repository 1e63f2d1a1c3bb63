"""Images from a folder that has a folder for each class: DIR/cat/*.jpg, DIR/dog/*.jpg."""

import io
import warnings
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from kerastc.data.image_shapes import common_size, room_for
from kerastc.data.image_sources import ImageSource
from kerastc.data.images import LabelledImages, check_class_names
from kerastc.errors import UserError, nearest
from kerastc.images.decoding import FORMATS, decoded
from kerastc.progress import progress

EXTENSIONS = frozenset(
    (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)
GREY = frozenset(("1", "L", "LA", "I", "I;16", "I;16B", "F"))  # modes of Pillow
ORIENTATION, SIDEWAYS = 0x0112, (5, 6, 7, 8)  # EXIF's tag, and its values for lying images
SHOWN = 5  # files that an error names
LAYOUT = "The folder holds a folder for each class, or `train` and `test` that do."


def read_folder(
    folder: Path, size: tuple[int, int] | None = None, skip_unreadable: bool = False
) -> ImageSource:
    """Reads DIR/CLASS/IMAGE, or DIR/train/CLASS/IMAGE and DIR/test/CLASS/IMAGE.

    Images become grey where all are so, else RGB. Hidden files, files that are no images and
    folders within a class are passed over and counted. Rows are in the order of a hash of their
    files, so that the place of an image tells nothing of its class.

    Args:
        folder: the folder.
        size: height and width to bring images to; None leaves them as they are, or takes 32 x 32
            where they are of several sizes.
        skip_unreadable: leave out and count images that cannot be read.

    Raises:
        UserError: there are no class folders, or one without images; an image cannot be read.
    """
    parted = (folder / "train").is_dir() and (folder / "test").is_dir()
    listed = [_listed(folder / name) for name in ("train", "test")] if parted else [_listed(folder)]
    classes = _classes(folder, listed)
    unreadable: dict[Path, str] = {}
    looks = [_looks(part.images, unreadable) for part in listed]
    everything = [look for part in looks for look in part.values()]
    parts = []
    if everything:
        channels = 1 if all(look.grey for look in everything) else 3
        shape = (*common_size({look.size for look in everything}, size), channels)
        parts = [_decoded(folder, part, classes, shape, unreadable) for part in looks]
    if unreadable and not (skip_unreadable and parts and all(map(len, parts))):
        raise _refusal(folder, unreadable)
    counted = {
        "files passed over": sum(part.passed_over for part in listed),
        "unreadable images left out": len(unreadable),
    }
    notes = {name: count for name, count in counted.items() if count}
    return ImageSource(*(replace(part, notes=notes) for part in parts))


class _Listed(NamedTuple):
    """The image files of one part, and how many other files lie there."""

    folder: Path
    classes: list[str]
    images: list[Path]
    passed_over: int


class _Look(NamedTuple):
    """What a file tells before its pixels are decoded."""

    digest: bytes  # of the file
    size: tuple[int, int]  # height, width
    grey: bool


def _listed(folder: Path) -> _Listed:
    inside = sorted(folder.iterdir())
    class_folders = [p for p in inside if p.is_dir() and not _hidden(p)]
    files = [file for p in class_folders for file in sorted(p.iterdir())]
    images = [
        file
        for file in files
        if file.suffix.lower() in EXTENSIONS and not _hidden(file) and file.is_file()
    ]
    if not class_folders:
        lying = sum(p.suffix.lower() in EXTENSIONS for p in inside)
        raise UserError(
            f"{folder} has no class folders"
            + (f", but {lying:,} images that lie in none." if lying else "."),
            LAYOUT,
        )
    there = {file.parent for file in images}
    empty = [p.name for p in class_folders if p not in there]
    if empty:
        shown = ", ".join(map(repr, empty[:SHOWN])) + (", ..." if len(empty) > SHOWN else "")
        raise UserError(
            f"{folder}: {len(empty)} of {len(class_folders)} class folders have no image: {shown}.",
            f"Remove them or put images there ({' '.join(sorted(EXTENSIONS))}). {LAYOUT}",
        )
    passed_over = len(inside) - len(class_folders) + len(files) - len(images)
    return _Listed(folder, [p.name for p in class_folders], images, passed_over)


def _hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name == "__MACOSX"


def _classes(folder: Path, listed: list[_Listed]) -> list[str]:
    """The names of the classes, which are those of the training part."""
    classes = listed[0].classes
    check_class_names(classes, folder)
    if len(classes) == 1:
        raise UserError(
            f"{listed[0].folder} has one class folder only, {classes[0]!r}; two are needed.", LAYOUT
        )
    unknown = [name for part in listed for name in part.classes if name not in classes]
    if unknown:
        raise UserError(
            f"{listed[1].folder} has the class {unknown[0]!r}, which {listed[0].folder} has not.",
            nearest(unknown[0], classes) or "A class of the test part needs training images, too.",
        )
    return classes


def _looks(files: list[Path], unreadable: dict[Path, str]) -> dict[Path, _Look]:
    """Looks at each file; those that cannot be read go into `unreadable` with the reason."""
    found = {}
    with progress("Looking at images", len(files)) as advance:
        for file in files:
            try:
                found[file] = _look(file)
            except (
                OSError,
                SyntaxError,
                ValueError,
                Warning,
                Image.DecompressionBombError,
            ) as error:
                unreadable[file] = str(error)
            advance()
    return found


def _look(file: Path) -> _Look:
    content = file.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            sideways = image.getexif().get(ORIENTATION) in SIDEWAYS
            grey = image.mode in GREY
    size = (width, height) if sideways else (height, width)
    return _Look(blake2b(content, digest_size=16).digest(), size, grey)


def _decoded(
    folder: Path,
    looks: dict[Path, _Look],
    classes: list[str],
    shape: tuple[int, int, int],
    unreadable: dict[Path, str],
) -> LabelledImages:
    number = {name: i for i, name in enumerate(classes)}
    files = sorted(looks, key=lambda file: looks[file].digest)
    images, kept = room_for(len(files), shape, folder), []
    with progress("Reading images", len(files)) as advance:
        for file in files:
            try:
                images[len(kept)] = decoded(file, shape)
                kept.append(file)
            except UserError as error:
                unreadable[file] = error.message
            advance()
    names = np.empty(len(kept), dtype=object)
    names[:] = [_shown(file.relative_to(folder)) for file in kept]
    return LabelledImages(
        images[: len(kept)],
        np.array([number[file.parent.name] for file in kept], dtype=np.int32),
        tuple(classes),
        names,
        str(folder),
    )


def _refusal(folder: Path, unreadable: dict[Path, str]) -> UserError:
    shown = [
        f"  {_shown(file.relative_to(folder))}: {reason}"
        for file, reason in sorted(unreadable.items())[:SHOWN]
    ]
    more = [f"  and {len(unreadable) - SHOWN:,} more"] if len(unreadable) > SHOWN else []
    return UserError(
        "\n".join([f"{folder}: {len(unreadable):,} images cannot be read:", *shown, *more]),
        "Mend or remove them, or leave them out with skip_unreadable=true.",
    )


def _shown(path: Path) -> str:
    """A path that any file of text can hold, whatever bytes its name has."""
    return path.as_posix().encode("utf-8", "backslashreplace").decode()

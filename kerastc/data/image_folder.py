"""Images from a folder that has a folder for each class: DIR/cat/*.jpg, DIR/dog/*.jpg."""

import io
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from kerastc.data.image_shapes import common_size, room_for
from kerastc.data.image_sources import ImageSource
from kerastc.data.images import LabelledImages, UnlabelledImages, as_read, merged_notes
from kerastc.data.label_names import class_name
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
# What the folders of parts are called; images without labels may lie in any depth.
PARTS = {
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "validation": ("validation", "valid", "val", "dev"),
}
UNLABELLED = ("unlabelled", "unlabeled")
SYSTEM = ("__MACOSX", "Thumbs.db", "desktop.ini")  # beside hidden files
NO_IMAGE, HIDDEN, LINK = "files that are no images", "hidden files", "links out of the folder"
ELSEWHERE = "images in no class folder"


def read_folder(
    folder: Path,
    size: tuple[int, int] | None = None,
    skip_unreadable: bool = False,
    shape: tuple[int, int, int] | None = None,
) -> ImageSource:
    """Reads DIR/CLASS/**/IMAGE, or DIR/train/CLASS/**/IMAGE and the like of the other parts.

    Those are test, validation (valid, val, dev) and unlabelled, where images lie in any folders.
    Images become grey where all are so, else RGB. Hidden files, files that are no images, links out
    of the folder and images in no class are passed over and counted. Rows are in the order of a
    hash of their files, so that the place of an image tells nothing of its class.

    Args:
        folder: the folder.
        size: height and width to bring images to; None leaves them as they are, or takes 32 x 32
            where they are of several sizes.
        skip_unreadable: leave out and count images that cannot be read.
        shape: height, width and channels to bring images to, in the place of `size`.

    Raises:
        UserError: there are no class folders, or one without images; an image cannot be read.
    """
    found = _parts(folder)
    listed = {name: _listed(path) for name, path in found.items() if name != "unlabelled"}
    classes = _classes(folder, listed)
    if "unlabelled" in found:
        listed["unlabelled"] = _files(found["unlabelled"], found["unlabelled"])
    unreadable: dict[Path, str] = {}
    looks = {name: _looks(part.images, unreadable) for name, part in listed.items()}
    everything = [look for part in looks.values() for look in part.values()]
    parts: dict[str, LabelledImages | UnlabelledImages] = {}
    if everything:
        if shape is None:
            channels = 1 if all(look.grey for look in everything) else 3
            shape = (*common_size({look.size for look in everything}, size), channels)
        for name, part in looks.items():
            parts[name] = _decoded(folder, listed[name].folder, part, classes, shape, unreadable)
    if unreadable and not (skip_unreadable and parts and all(map(len, parts.values()))):
        raise _refusal(folder, unreadable)
    passed_over = sum((part.passed_over for part in listed.values()), _beside(folder, found))
    counted = dict(sorted(passed_over.items())) | {"unreadable images left out": len(unreadable)}
    counted |= _merged(classes, [part for part in listed.values() if part.classes])
    notes = {name: count for name, count in counted.items() if count}
    if "unlabelled" in parts:
        without = parts["unlabelled"]
        parts["unlabelled"] = UnlabelledImages(without.images, without.names, without.source)
    parts["train"] = replace(parts["train"], notes=notes)
    return ImageSource(**parts)


def read_unlabelled_folder(folder: Path, shape: tuple[int, int, int]) -> UnlabelledImages:
    """Reads all images in a folder, whatever folders in it they lie in, without labels.

    Args:
        folder: the folder.
        shape: height, width and channels to bring the images to.

    Raises:
        UserError: there are no images, or one cannot be read.
    """
    unreadable: dict[Path, str] = {}
    listed = _files(folder, folder)
    if not listed.images:
        raise UserError(
            f"There are no images in {folder}.", f"Taken are {' '.join(sorted(EXTENSIONS))}"
        )
    found = _decoded(folder, folder, _looks(listed.images, unreadable), [], shape, unreadable)
    if unreadable:
        raise _refusal(folder, unreadable)
    return UnlabelledImages(found.images, found.names, found.source)


def _parts(folder: Path) -> dict[str, Path]:
    """The folders of the parts; without those of training and another part it is all training."""
    inside = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir()}
    found = {}
    for part, names in PARTS.items():
        if name := next((name for name in names if name in inside), None):
            found[part] = inside[name]
    if "train" not in found or len(found) == 1:
        found = {"train": folder}
    if name := next((name for name in UNLABELLED if name in inside), None):
        found["unlabelled"] = inside[name]
    return found


def _beside(folder: Path, found: Mapping[str, Path]) -> Counter:
    """What lies beside the folders of parts, by reason, a file each."""
    if found["train"] == folder:
        return Counter()
    others = [path for path in folder.iterdir() if path not in found.values()]
    counted = Counter()
    for path in others:
        part = _files(path, folder) if path.is_dir() else _sorted_out([path], folder)
        counted += part.passed_over
        counted[ELSEWHERE] += len(part.images)
    return counted


class _Listed(NamedTuple):
    """The image files of one part, and how many other files lie there, by reason."""

    folder: Path
    classes: list[str]
    images: list[Path]
    passed_over: Counter


class _Look(NamedTuple):
    """What a file tells before its pixels are decoded."""

    digest: bytes  # of the file
    size: tuple[int, int]  # height, width
    grey: bool


def _listed(folder: Path) -> _Listed:
    """The images in the class folders of a part, however deep, in the order of their paths."""
    inside = sorted(folder.iterdir())
    class_folders = [
        p for p in inside if p.is_dir() and not _hidden(p) and p.name.lower() not in UNLABELLED
    ]
    lying = _sorted_out([p for p in inside if not p.is_dir()], folder)
    if not class_folders:
        raise UserError(
            f"{folder} has no class folders"
            + (f", but {len(lying.images):,} images that lie in none." if lying.images else "."),
            LAYOUT,
        )
    parts = [_files(p, folder) for p in class_folders]
    empty = [p.name for p, part in zip(class_folders, parts, strict=True) if not part.images]
    if empty:
        shown = ", ".join(map(repr, empty[:SHOWN])) + (", ..." if len(empty) > SHOWN else "")
        raise UserError(
            f"{folder}: {len(empty)} of {len(class_folders)} class folders have no image: {shown}.",
            f"Remove them or put images there ({' '.join(sorted(EXTENSIONS))}). {LAYOUT}",
        )
    passed_over = sum((part.passed_over for part in parts), lying.passed_over)
    passed_over[ELSEWHERE] += len(lying.images)
    images = [file for part in parts for file in part.images]
    return _Listed(folder, [p.name for p in class_folders], images, passed_over)


def _files(folder: Path, root: Path) -> _Listed:
    """All images in a folder, however deep; links that lead out of `root` are not followed."""
    return _sorted_out(sorted(p for p in folder.rglob("*") if not p.is_dir()), root)


def _sorted_out(files: Iterable[Path], root: Path) -> _Listed:
    images, passed_over = [], Counter()
    home = root.resolve()
    for file in files:
        if any(map(_hidden, [file, *file.relative_to(root).parents][:-1])):
            passed_over[HIDDEN] += 1
        elif file.suffix.lower() not in EXTENSIONS:
            passed_over[NO_IMAGE] += 1
        elif file.is_symlink() and not file.resolve().is_relative_to(home):
            passed_over[LINK] += 1
        else:
            images.append(file)
    return _Listed(root, [], images, passed_over)


def _hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name in SYSTEM


def _classes(folder: Path, listed: Mapping[str, _Listed]) -> list[str]:
    """The names of the classes, which are those of the training part."""
    train = listed["train"]
    classes = list(as_read(train.classes, folder)[0])
    if len(classes) == 1:
        raise UserError(
            f"{train.folder} has one class folder only, {classes[0]!r}; two are needed.", LAYOUT
        )
    for name, part in listed.items():
        unknown = [other for other in part.classes if class_name(other) not in classes]
        if unknown:
            raise UserError(
                f"{part.folder} has the class {unknown[0]!r}, which {train.folder} has not.",
                nearest(unknown[0], classes)
                or f"A class of the {name} part needs training images, too.",
            )
    return classes


def _merged(classes: list[str], parts: Iterable[_Listed]) -> Counter:
    """What to tell of folders that became one class: see `merged_notes`."""
    notes = Counter()
    for part in parts:
        of_name = np.array([classes.index(class_name(name)) for name in part.classes])
        files = Counter(_top(file, part.folder) for file in part.images)
        counts = np.array([files[name] for name in part.classes])
        notes.update(merged_notes(classes, of_name, counts))
    return notes


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
    part: Path,
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
        np.array([number.get(class_name(_top(file, part)), -1) for file in kept], np.int32),
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


def _top(file: Path, part: Path) -> str:
    """The name of the class folder in a part that a file lies in."""
    return file.relative_to(part).parts[0]


def _shown(path: Path) -> str:
    """A path that any file of text can hold, whatever bytes its name has."""
    return path.as_posix().encode("utf-8", "backslashreplace").decode()

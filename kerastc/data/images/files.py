"""Which files in a folder are images of which part and class, and what else is there."""

import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kerastc.data.images.images import ANOTHER_NAME, check_class_names
from kerastc.data.label_names import class_name
from kerastc.errors import UserError, nearest

# fmt: off
EXTENSIONS = frozenset(
    [
        ".apng", ".bmp", ".dib", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png",
        ".pnm", ".ppm", ".tif", ".tiff", ".webp",
    ]
)
UNREAD = frozenset(
    [
        ".ai", ".arw", ".avif", ".cr2", ".cr3", ".dcm", ".dng", ".eps", ".heic", ".heif", ".ico",
        ".j2k", ".jp2", ".jxl", ".nef", ".orf", ".pcx", ".psd", ".raw", ".svg", ".tga",
    ]
)
# fmt: on
LAYOUT = "The folder holds a folder for each class, or `train` and `test` that do."
# Names for the folders of parts.
PARTS = {
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "validation": ("validation", "valid", "val", "dev"),
}
UNLABELLED = ("unlabelled", "unlabeled")
EXTRA = "extra"  # unlabelled, too, if next to the folder of a training part
SYSTEM = ("__MACOSX", "Thumbs.db", "desktop.ini")
NO_IMAGE, HIDDEN, LINK = "files that are not images", "hidden files", "links out of the folder"
ELSEWHERE = "images in no class folder"
SHOWN = 5  # folders that an error names


@dataclass
class ImageFiles:
    """Image files of one part.

    Args:
        folder: the part's folder.
        class_of: each file's class; "" in a part without labels.
        passed_over: other files in it by reason, and notes on the files that are taken.
    """

    folder: Path
    class_of: dict[Path, str] = field(default_factory=dict)
    passed_over: Counter = field(default_factory=Counter)

    @property
    def classes(self) -> list[str]:
        """In the order of their folders."""
        return list(dict.fromkeys(self.class_of.values()))


def image_files(folder: Path) -> dict[str, ImageFiles]:
    """The parts of DIR/CLASS/**/IMAGE, DIR/PART/CLASS/**/IMAGE and DIR/unlabelled/**/IMAGE.

    Class folders whose names read alike are one class. Nothing outside the folder is read, even if
    links lead there.

    Args:
        folder: the folder.

    Returns:
        At least "train", which holds everything if there are no parts; perhaps "test",
        "validation" and "unlabelled".

    Raises:
        UserError: there are no class folders, only one, or one without images; a part has a class
            that training lacks; a folder cannot be read.
    """
    inside = {path.name.lower(): path for path in _folders(folder)}
    found = _parts(inside)
    if without := _unlabelled(inside, parted="train" in found):
        found["unlabelled"] = without
    others = [path for path in inside.values() if path not in found.values()]
    listed = {}
    for name, path in ({"train": folder} | found).items():
        if name == "unlabelled":
            listed[name] = files_without_labels(path, folder)
        else:
            class_folders = others if path == folder else _folders(path)
            listed[name] = _labelled(path, class_folders, folder)
    if "train" in found:
        beside = [_lying(folder, folder)]
        for part in (files_without_labels(path, folder) for path in others):
            beside += [part.passed_over, Counter({ELSEWHERE: len(part.class_of)})]
        listed["train"].passed_over += sum(beside, Counter())
    _check_classes(folder, listed)
    return listed


def files_without_labels(folder: Path, root: Path | None = None) -> ImageFiles:
    """All images in a folder, at any depth, in the order of their paths.

    Args:
        folder: the folder.
        root: the folder that links may lead into; `folder` itself unless given.

    Raises:
        UserError: a folder cannot be read.
    """
    taken, passed_over = _sorted_out(_walk(folder), root or folder)
    return ImageFiles(folder, dict.fromkeys(taken, ""), passed_over)


def _parts(inside: Mapping[str, Path]) -> dict[str, Path]:
    """The folders of parts among a folder's subfolders, which are given by lower-case name.

    There are parts if a training part is next to another part or alone; without one, `test` is a
    part if its class folders have the same names as the folders next to it.
    """
    found = {}
    for part, names in PARTS.items():
        if name := next((name for name in names if name in inside), None):
            found[part] = inside[name]
    if "train" in found:
        alone = not set(inside) - set(PARTS["train"]) - {*UNLABELLED, EXTRA}
        return found if len(found) > 1 or (alone and any(_folders(found["train"]))) else {}
    classes = {class_name(path.name) for path in inside.values() if path not in found.values()}
    return {
        part: path
        for part, path in found.items()
        if (within := {class_name(p.name) for p in _folders(path)}) and within <= classes
    }


def _unlabelled(inside: Mapping[str, Path], parted: bool) -> Path | None:
    names = (*UNLABELLED, EXTRA) if parted else UNLABELLED
    return next((inside[name] for name in names if name in inside), None)


def _labelled(folder: Path, class_folders: list[Path], root: Path) -> ImageFiles:
    """The images in the class folders of a part."""
    part = ImageFiles(folder, passed_over=_lying(folder, root))
    if not class_folders:
        lying, links = part.passed_over[ELSEWHERE], part.passed_over[LINK]
        raise UserError(
            f"{folder} has no class folders"
            + f", but {lying:,} images outside any" * bool(lying)
            + f", but {links:,} links that lead out of it" * bool(links)
            + ".",
            LAYOUT,
        )
    empty, known = [], set()
    for path in class_folders:
        taken, passed_over = _sorted_out(_walk(path), root)
        name = class_name(path.name)
        part.class_of |= dict.fromkeys(taken, name)
        part.passed_over += passed_over
        if not taken:
            empty.append(path.name)
        elif name in known:
            part.passed_over[ANOTHER_NAME.format(name)] += len(taken)
        known.add(name)
    if empty:
        shown = ", ".join(map(repr, empty[:SHOWN])) + (", ..." if len(empty) > SHOWN else "")
        raise UserError(
            f"{folder}: {len(empty)} of {len(class_folders)} class folders have no image: {shown}.",
            f"Remove them or put images there ({' '.join(sorted(EXTENSIONS))}). {LAYOUT}",
        )
    return part


def _lying(folder: Path, root: Path) -> Counter:
    """What a folder holds besides its visible folders, by reason."""
    visible = set(_folders(folder))
    files = (
        file
        for path in _inside(folder)
        if path not in visible
        for file in (_walk(path) if path.is_dir() and not path.is_symlink() else [path])
    )
    taken, passed_over = _sorted_out(files, root)
    passed_over[ELSEWHERE] += len(taken)
    return passed_over


def _folders(folder: Path) -> list[Path]:
    """The visible folders in a folder, and links to folders that do not lead out of it."""
    home = folder.resolve()
    return [
        path
        for path in _inside(folder)
        if path.is_dir()
        and not _hidden(path.name)
        and _within(path, folder)
        and not home.is_relative_to(path.resolve())
    ]


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be read: {error.strerror}.") from None


def _walk(folder: Path) -> Iterator[Path]:
    """All files in a folder and its folders, and links to folders, in the order of their paths."""
    for path in _inside(folder):
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        else:
            yield path


def _sorted_out(files: Iterable[Path], root: Path) -> tuple[list[Path], Counter]:
    """The image files among the given ones, and the number of others by reason."""
    taken, passed_over = [], Counter()
    for file in files:
        ending = file.suffix.lower()
        if any(map(_hidden, file.relative_to(root).parts)):
            passed_over[HIDDEN] += 1
        elif not _within(file, root):
            passed_over[LINK] += 1
        elif file.is_dir():
            passed_over["links to folders"] += 1
        elif ending in UNREAD:
            passed_over[f"images in a format that is not read ({ending})"] += 1
        elif ending not in EXTENSIONS or not _regular(file):
            passed_over[NO_IMAGE] += 1
        else:
            taken.append(file)
    return taken, passed_over


def _hidden(name: str) -> bool:
    return name.startswith(".") or name in SYSTEM


def _within(path: Path, root: Path) -> bool:
    """Whether a path is not a link, or is one that leads to something in a folder."""
    if not path.is_symlink():
        return True
    try:
        return path.resolve(strict=True).is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def _regular(file: Path) -> bool:
    """Whether it is a regular file; reading a pipe would never end."""
    try:
        return stat.S_ISREG(file.stat().st_mode)
    except OSError:
        return False


def _check_classes(folder: Path, listed: Mapping[str, ImageFiles]) -> None:
    train = listed["train"]
    classes = train.classes
    check_class_names(classes, folder)
    if len(classes) == 1:
        raise UserError(
            f"{train.folder} has one class folder only, {classes[0]!r}; two are needed.", LAYOUT
        )
    for name, part in listed.items():
        unknown = [other for other in part.classes if other not in classes]
        if unknown and name != "unlabelled":
            raise UserError(
                f"{part.folder} has the class {unknown[0]!r}, which {train.folder} lacks.",
                nearest(unknown[0], classes)
                or f"A class of the {name} part needs training images, too.",
            )

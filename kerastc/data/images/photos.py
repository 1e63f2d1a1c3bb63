"""Photographs: images that stay in their files, from class folders or a table of paths."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kerastc.data.images.data import ImageData, ImageLocation, Some, source_from, split_source
from kerastc.data.images.files import ImageFiles, image_files
from kerastc.data.images.folder import shown_path, unlabelled_files, unreadable_images
from kerastc.data.images.images import LabelledImages, UnlabelledImages
from kerastc.data.images.listed import listed_files, table_beside
from kerastc.data.images.sources import ImageSource
from kerastc.data.images.stored import Looks, StoredImages
from kerastc.data.splits import Splits
from kerastc.data.tables.table_file import DELIMITED
from kerastc.errors import UserError
from kerastc.images.decoding import Fit, decoded
from kerastc.images.parallel import in_threads
from kerastc.progress import progress

SIDE = 160  # pixels
CHANNELS = 3  # photographs are seen in colour, grey ones as well
NAMED = 3  # files that a note names


class PhotoData(ImageData):
    """Where photographs come from; they stay in their files, and memory does not grow with them."""

    data: ImageLocation  # a folder of class folders, a table of paths and labels, FILE.npz, tfds:
    image_size: Some = SIDE  # pixels per side
    fit: Fit = "pad"  # all of it between grey edges | crop: the middle | stretch: distorted
    image: str = ""  # the column of paths in a table; empty guesses
    label: str = ""  # its column of classes; empty guesses


def load_photos(config: PhotoData) -> Splits:
    """Reads and splits the photographs of a config; the same config gives the same splits.

    Raises:
        UserError: as in `read_photos` and `kerastc.data.images.data.load_images`.
    """
    return split_source(_source(config), config)


def read_photos(
    data: Path,
    shape: tuple[int, int, int],
    fit: Fit = "pad",
    skip_unreadable: bool = False,
    image: str = "",
    label: str = "",
) -> ImageSource:
    """Looks at each image of a folder or table once, and leaves it in its file.

    A folder is one of class folders as in `kerastc.data.images.files.image_files`, or has a table
    as in `kerastc.data.images.listed.table_beside`. Rows are ordered by a hash of their pixels, so
    that an image's position reveals nothing about its class.

    Args:
        data: the folder, or the table.
        shape: height, width and channels to bring images to.
        fit: how; see `kerastc.images.decoding.decoded`.
        skip_unreadable: leave out, count and name images that cannot be read.
        image, label: columns of the table; guessed if empty.

    Raises:
        UserError: there are no images in classes, one cannot be read, or the table is wrong.
    """
    table = table_beside(data) if data.is_dir() else data
    if table is None:
        folder, files = data, image_files(data)
    else:
        folder, files = listed_files(table, image, label)
    return ImageSource(**_looked_at(folder, files, shape, fit, skip_unreadable))


def read_photos_to_measure(
    data: Path, shape: tuple[int, int, int], fit: Fit
) -> LabelledImages | None:
    """Photographs to measure a model on: the official test part of a source, else all of it.

    Args:
        data: a folder or a table, as in `read_photos`; None is returned of anything else.
        shape: height, width and channels that the model takes.
        fit: how images got that shape in training.

    Raises:
        UserError: as in `read_photos`.
    """
    if not _holds_photos(data):
        return None
    source = read_photos(data, shape, fit)
    return source.train if source.test is None else source.test


def _holds_photos(path: Path) -> bool:
    return path.is_dir() or path.suffix.lower() in DELIMITED


def _source(config: PhotoData) -> ImageSource:
    shape = (config.image_size or SIDE, config.image_size or SIDE, CHANNELS)

    def read(data: str) -> ImageSource | None:
        path = Path(data).expanduser()
        if not _holds_photos(path):
            return None
        columns = {"image": config.image, "label": config.label}
        return read_photos(path, shape, config.fit, config.skip_unreadable, **columns)

    def unlabelled(data: str) -> UnlabelledImages | None:
        path = Path(data).expanduser()
        if not path.is_dir():
            return None
        files = {"unlabelled": unlabelled_files(path)}
        found = _looked_at(path, files, shape, config.fit, config.skip_unreadable)
        return found["unlabelled"]

    return source_from(config, read, unlabelled)


class _Look(NamedTuple):
    """What is known of a file; `wrong` says why it cannot be read."""

    file: Path
    looks: Looks | None = None
    wrong: str = ""


def _looked_at(
    folder: Path,
    files: Mapping[str, ImageFiles],
    shape: tuple[int, int, int],
    fit: Fit,
    skip_unreadable: bool,
) -> dict[str, LabelledImages | UnlabelledImages]:
    """The images of each part, with its notes."""

    def look(file: Path) -> _Look:
        try:
            return _Look(file, Looks.of(decoded(file, shape, fit=fit)[None]))
        except UserError as error:
            return _Look(file, wrong=error.message.removeprefix(str(file)))

    parts, unreadable = {}, {}
    classes = tuple(files["train"].classes) if "train" in files else ()
    for name, part in files.items():
        seen, wrong = [], {}
        with progress("Looking at images", len(part.class_of)) as advance:
            for found in in_threads(look, part.class_of):
                if found.wrong:
                    wrong[found.file] = found.wrong
                else:
                    seen.append(found)
                advance()
        unreadable |= wrong
        if seen:
            seen.sort(key=lambda one: one.looks.digests[0])
            parts[name] = _part(folder, part, seen, sorted(wrong), classes, shape, fit)
    if unreadable and not (skip_unreadable and len(parts) == len(files)):
        raise unreadable_images(folder, unreadable)
    return parts


def _part(
    folder: Path,
    part: ImageFiles,
    seen: list[_Look],
    left_out: list[Path],
    classes: tuple[str, ...],
    shape: tuple[int, int, int],
    fit: Fit,
) -> LabelledImages | UnlabelledImages:
    sources, names = (np.empty(len(seen), dtype=object) for _ in range(2))
    sources[:] = [one.file for one in seen]
    names[:] = [shown_path(one.file.relative_to(folder)) for one in seen]
    images = StoredImages(sources, shape, fit, Looks.joined([one.looks for one in seen]))
    notes = Counter(part.passed_over)
    if left_out:
        named = ", ".join(shown_path(file.relative_to(folder)) for file in left_out[:NAMED])
        more = ", ..." * (len(left_out) > NAMED)
        notes[f"unreadable images left out ({named}{more})"] = len(left_out)
    told = {what: notes[what] for what in sorted(notes) if notes[what]}
    if not any(part.class_of.values()):
        return UnlabelledImages(images, names, str(folder), told)
    number = {name: i for i, name in enumerate(classes)}
    labels = np.array([number[part.class_of[one.file]] for one in seen], np.int32)
    return LabelledImages(images, labels, classes, str(folder), told, names=names)

"""Random folders and files of arrays, most of them broken: each is read, or refused by name."""

import io
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerastc.data import ImageData, load_images
from kerastc.data.images.folder import read_folder
from kerastc.data.images.images import LabelledImages
from kerastc.data.images.npz import read_npz
from kerastc.data.images.sources import read_part, read_unlabelled_images
from kerastc.errors import UserError

# Notes that are told of images that are kept; all others count files that are not.
OF_KEPT = ("animations", "grey images of 16 bits", "images of another name")
NAMES = (
    "cat",
    "dog",
    "cat ",
    "1",
    "1.0",
    "caf\u00e9",
    "cafe\u0301",
    "train",
    "test",
    "val",
    "\u200b",
)
NAMES += ("unlabelled", "extra", ".hidden", "__MACOSX", "a\nb", "NaN", "x" * 200, "\udcff", "-rf")
ENDINGS = (
    ".png",
    ".jpg",
    ".JPEG",
    ".gif",
    ".tif",
    ".webp",
    ".bmp",
    ".ppm",
    ".txt",
    ".heic",
    "",
    ".json",
)
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "I", "YCbCr", "LAB", "HSV")


def picture(rng: np.random.Generator) -> bytes:
    """An image file of any mode and format, or what is left of one."""
    mode = str(rng.choice(MODES))
    height, width = rng.integers(1, 20, 2)
    if mode in ("F", "I", "I;16"):
        kind = {"F": "float32", "I": "int32", "I;16": "uint16"}[mode]
        image = Image.fromarray(
            rng.integers(0, 2 ** rng.integers(1, 16), (height, width)).astype(kind)
        )
    else:
        colours = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        image = Image.fromarray(colours)
        image = Image.fromarray(colours[..., 0]).convert("LA") if mode == "LA" else image
        with np.errstate(all="ignore"):
            image = image if mode in ("LA", "LAB") else image.convert(mode)
    options = {}
    if rng.random() < 0.2:
        exif = Image.Exif()
        exif[0x0112] = int(rng.integers(0, 12))
        options["exif"] = exif
    file = io.BytesIO()
    try:
        more = [image] if rng.random() < 0.1 else []
        kind = str(rng.choice(["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "PPM"]))
        image.save(file, kind, save_all=bool(more), append_images=more, **options)
    except (OSError, ValueError, KeyError, TypeError):  # a format without this mode
        file = io.BytesIO()
        image.convert("L" if mode == "I;16" else "RGB").save(file, "PNG")
    return damaged(file.getvalue(), rng)


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """The content as it was in most cases; else cut, changed, empty or longer."""
    how = rng.random()
    if how < 0.6 or not content:
        return content
    if how < 0.7:
        return content[: rng.integers(len(content))]
    if how < 0.9:
        changed = bytearray(content)
        for place in rng.integers(0, len(content), rng.integers(1, 8)):
            changed[place] = rng.integers(256)
        return bytes(changed)
    return b"" if how < 0.95 else content + rng.bytes(50)


def scatter(folder: Path, rng: np.random.Generator, depth: int = 0) -> None:
    """Fills a folder with files, links, pipes and folders."""
    folder.mkdir(exist_ok=True)
    for number in range(rng.integers(0, 5)):
        path = folder / f"{rng.choice(['a', '.b', 'Thumbs'])}{number}{rng.choice(ENDINGS)}"
        what = rng.random()
        if what < 0.05:
            path.symlink_to(rng.choice(["/etc/passwd", "..", "nowhere", path.name]))
        elif what < 0.07:
            os.mkfifo(path)
        else:
            path.write_bytes(picture(rng) if what < 0.9 else rng.bytes(rng.integers(40)))
    if depth < 3:
        for name in rng.choice(len(NAMES), rng.integers(0, 4 if depth else 6), replace=False):
            scatter(folder / NAMES[name], rng, depth + 1)


def files_in(folder: Path) -> int:
    """Everything but folders; a link is one file, whatever it leads to."""
    return sum(
        len(files) + sum(Path(at, name).is_symlink() for name in folders)
        for at, folders, files in os.walk(folder)
    )


TRAINING = LabelledImages(
    np.zeros((2, 4, 4, 3), np.uint8),
    np.arange(2),
    ("cat", "dog"),
    "training",
    names=np.array(["a", "b"], dtype=object),
)


def as_other_parts(path: Path) -> None:
    """Reads a file or folder as a part beside the training images: with labels, and without."""
    try:
        part = read_unlabelled_images(str(path), TRAINING, skip_unreadable=True)
        assert part.examples.shape[1:] == (4, 4, 3)
        told = sum(n for what, n in part.notes.items() if not what.startswith(OF_KEPT))
        assert path.is_file() or len(part) + told == files_in(path)
    except UserError as error:
        assert path.name in error.message
    try:
        part = read_part(str(path), TRAINING, skip_unreadable=True)
        assert part.examples.shape[1:] == (4, 4, 3) and part.classes == ("cat", "dog")
        assert set(part.labels) <= {0, 1}
    except UserError as error:
        assert path.name in error.message


def folders(tmp_path: Path, seeds: range) -> tuple[int, int]:
    read = refused = 0
    for seed in seeds:
        rng = np.random.default_rng(seed)
        folder = tmp_path / str(seed)
        scatter(folder, rng)
        as_other_parts(folder)
        for name in ("cat", "dog") if rng.random() < 0.7 else ():
            (folder / name).mkdir(exist_ok=True)
            for number in range(4):
                pixels = rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / name / f"good{number}.png")
        try:
            source = read_folder(folder, skip_unreadable=True)
        except UserError as error:
            refused += 1
            assert error.message
            continue
        read += 1
        parts = [source.train, source.test, source.validation, source.unlabelled]
        kept = sum(len(part) for part in parts if part is not None)
        told = {}
        for part in parts:
            for what, count in {} if part is None else part.notes.items():
                told[what] = told.get(what, 0) + count
        told = {what: n for what, n in told.items() if not what.startswith(OF_KEPT)}
        assert kept + sum(told.values()) == files_in(folder), (seed, kept, told)
        assert set(source.train.labels) <= set(range(len(source.train.classes)))
        try:
            load_images(ImageData(data=str(folder), skip_unreadable=True))
        except UserError as error:
            assert error.message
    return read, refused


ARRAYS = ("x_train", "y_train", "x_test", "y_test", "x_val", "y_val", "x_unlabelled", "label_names")


def arrays(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A file's arrays, up to three of them with something odd."""
    shape = [(4, 4, 3), (4, 4), (4, 4, 1)][int(rng.integers(3))]
    found = {}
    for name in rng.permutation(ARRAYS):
        if name in ("x_train", "y_train") or rng.random() < 0.7:
            names = np.array(["cat", "dog ", "1", "1.0"])[: rng.integers(3, 5)]
            found[name] = names if name == "label_names" else rng.integers(0, 3, 12)
            if name.startswith("x_"):
                found[name] = rng.integers(0, 256, (12, *shape), dtype=np.uint8)
    for name in rng.choice(list(found), rng.integers(0, 4)):
        if name in found and (odd := odd_array(found[name], rng)) is not None:
            found[name] = odd
        else:
            found.pop(name, None)
    return found


def odd_array(array: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """An array of another type, size, shape or values; None for none."""
    kinds = ["float32", "float64", "int8", "uint16", "uint64", "bool", "object", "U3", "S3", "c16"]
    match int(rng.integers(7)) if array.size and array.ndim else 7:
        case 0:
            return array[: rng.integers(0, len(array))]
        case 1 if array.dtype.kind not in "US":
            return array.astype(rng.choice(kinds))
        case 2 if array.dtype.kind not in "US":
            changed = array.astype("float32") / rng.choice([1, 255])
            changed.flat[0] = rng.choice([np.nan, np.inf, -1, 0.5])
            return changed
        case 3:
            return array.reshape(-1, 1) if rng.random() < 0.5 else array[None]
        case 4 if array.dtype.kind in "iu":
            return array * 0 + rng.choice([0, 1, 2, -1, 200]).astype(array.dtype, casting="unsafe")
        case 5 if array.dtype.kind in "US":
            return np.array(["cat", "", "a\nb", "\u200b", "1", "1.0", "dog"])[rng.integers(0, 7, 3)]
        case 6:
            return np.asarray(array[0])
    return None


def npz_files(tmp_path: Path, seeds: range) -> tuple[int, int]:
    read = refused = 0
    for seed in seeds:
        rng = np.random.default_rng(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NaN and complex numbers become other types
            path, there = tmp_path / f"{seed}.npz", arrays(rng)
        (np.savez if rng.random() < 0.5 else np.savez_compressed)(path, **there)
        if rng.random() < 0.3:
            path.write_bytes(damaged(path.read_bytes(), rng))
        as_other_parts(path)
        try:
            source = read_npz(path, size=None if rng.random() < 0.8 else (3, 5))
        except UserError as error:
            refused += 1
            assert str(path) in error.message
            continue
        read += 1
        parts = {"train": source.train, "test": source.test, "val": source.validation}
        for name, part in (parts | {"unlabelled": source.unlabelled}).items():
            assert (part is None) == (f"x_{name}" not in there)
            assert part is None or len(part) == len(there[f"x_{name}"])
    return read, refused


def test_images_in_a_folder_are_kept_or_told(tmp_path):
    read, refused = folders(tmp_path, range(40))
    assert min(read, refused) >= 8


def test_files_of_arrays_are_read_or_refused_by_name(tmp_path):
    read, refused = npz_files(tmp_path, range(200))
    assert min(read, refused) >= 8


@pytest.mark.slow
def test_many_more_folders_and_files(tmp_path):
    folders(tmp_path, range(1000, 2000))
    npz_files(tmp_path, range(1000, 6000))

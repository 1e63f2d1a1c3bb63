"""Where images come from: scanned digits, a file of arrays, TensorFlow Datasets, a folder."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np

from kerastc.data.images.images import LabelledImages, UnlabelledImages, blank_images, row_names
from kerastc.data.images.shapes import resized
from kerastc.errors import UserError, nearest

DIGITS = "digits"
TFDS = "tfds:"


@dataclass(frozen=True)
class ImageSource:
    """All images of a source with all their labels; recipes get `Splits` of it instead.

    Args:
        train: the training part, or everything.
        test: the official test part; None where there is none.
        validation: the validation part; None where there is none.
        unlabelled: images that came without labels.
        counts: how many `split_images` draws from this source by default.
    """

    train: LabelledImages
    test: LabelledImages | None = None
    validation: LabelledImages | None = None
    unlabelled: UnlabelledImages | None = None
    counts: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over all parts; if there is one part, that of its images."""
        parts = (self.train, self.test, self.validation, self.unlabelled)
        found = [part.fingerprint for part in parts if part is not None]
        return found[0] if len(found) == 1 else sha256(" ".join(found).encode()).hexdigest()

    @property
    def sources(self) -> dict[str, dict[str, str]]:
        """Where each part comes from, and its fingerprint; empty if there is one part."""
        parts = {
            **{"train": self.train, "validation": self.validation},
            **{"test": self.test, "unlabelled": self.unlabelled},
        }
        found = {
            name: {"source": part.source, "fingerprint": part.fingerprint}
            for name, part in parts.items()
            if part is not None
        }
        return found if len(found) > 1 else {}

    @property
    def notes(self) -> dict[str, int]:
        """The notes of all parts, and the number of images that show nothing."""
        counted: Counter[str] = Counter()
        for part in (self.train, self.test, self.validation, self.unlabelled):
            if part is not None:
                counted.update(part.notes)
                counted.update(blank_images(part.examples))
        return dict(counted)


def read_source(
    data: str, size: tuple[int, int] | None = None, skip_unreadable: bool = False
) -> ImageSource:
    """Reads a source given as a user names it.

    Args:
        data: "digits", a file of arrays (.npz), "tfds:NAME", or a folder of class folders.
        size: height and width to resize images to. None leaves them as they are, or takes 32 x 32
            if their sizes differ.
        skip_unreadable: of a folder, leave out and count images that cannot be read.

    Raises:
        UserError: there is no such source, or it cannot be read.
    """
    if _is_word(data):
        return _by_word(data, size)
    path = _existing(data)
    if path.is_dir():
        from kerastc.data.images.folder import read_folder

        return read_folder(path, size, skip_unreadable)
    from kerastc.data.images.npz import read_npz

    return read_npz(path, size)


def read_images(
    data: str, shape: tuple[int, int, int] | None = None, bits: int | None = None
) -> LabelledImages:
    """Images to measure a model on: the official test part of a source, else all of it.

    Args:
        data: as in `read_source`; a file may hold x_test and y_test alone.
        shape: height, width and channels that the model takes.
        bits: bits in use in grey 16-bit files in training.

    Raises:
        UserError: as in `read_source`, and for arrays with another number of channels.
    """
    return _measured(data, shape, bits, skip_unreadable=False)


def read_part(data: str, training: LabelledImages, skip_unreadable: bool = False) -> LabelledImages:
    """Labelled images for a validation or test part from a file or folder of its own.

    Args:
        data: FILE.npz, a folder of class folders, or another source of `read_source`.
        training: the training images, whose shape and classes these get.
        skip_unreadable: of a folder, leave out and count images that cannot be read.

    Raises:
        UserError: as in `read_source`; for classes that training lacks, or other channels.
    """
    found = _measured(data, training.examples.shape[1:], training.bits, skip_unreadable)
    return found.matching(training.classes, "the training part")


def read_unlabelled_images(
    data: str, training: LabelledImages, skip_unreadable: bool = False
) -> UnlabelledImages:
    """Images without labels: from a folder, or x_unlabelled or x_train of a FILE.npz.

    Args:
        data: the file or folder, or another source of `read_source`, from which the unlabelled
            images are taken, or the training images if it has none.
        training: the training images, whose shape these get.
        skip_unreadable: of a folder, leave out and count images that cannot be read.

    Raises:
        UserError: as in `read_source`, and for other channels.
    """
    shape = training.examples.shape[1:]
    if _is_word(data):
        source = _by_word(data, shape[:2], training.bits)
        found = source.unlabelled
        if found is None:
            train = source.train
            names = row_names("unlabelled", range(len(train)))
            found = UnlabelledImages(train.examples, names, train.source, train.notes)
    elif (path := _existing(data)).is_dir():
        from kerastc.data.images.folder import read_unlabelled_folder

        return read_unlabelled_folder(path, shape, training.bits, skip_unreadable)
    else:
        from kerastc.data.images.npz import read_unlabelled_npz

        found = read_unlabelled_npz(path, shape[:2])
    _check_channels(found, shape, data)
    return found


def _measured(
    data: str, shape: tuple[int, int, int] | None, bits: int | None, skip_unreadable: bool
) -> LabelledImages:
    size = shape and shape[:2]
    if _is_word(data):
        source = _by_word(data, size, bits)
    elif (path := _existing(data)).is_dir():
        from kerastc.data.images.folder import read_folder

        source = read_folder(path, None, skip_unreadable, shape, bits)
    else:
        from kerastc.data.images.npz import read_npz_part

        source = ImageSource(read_npz_part(path, size))
    found = source.train if source.test is None else source.test
    if shape:
        _check_channels(found, shape, data)
    return found


def _check_channels(
    found: LabelledImages | UnlabelledImages, shape: tuple[int, int, int], data: str
) -> None:
    if found.examples.shape[-1] != shape[-1]:
        raise UserError(
            f"{data} has images with {found.examples.shape[-1]} channels, not {shape[-1]}.",
            "Bring them to what the model learns from: 1 is grey, 3 is RGB.",
        )


def _is_word(data: str) -> bool:
    return data == DIGITS or data.startswith(TFDS)


def _by_word(data: str, size: tuple[int, int] | None, bits: int | None = None) -> ImageSource:
    """A source that is not a path; `bits` are those in use in 16-bit images in training."""
    if data == DIGITS:
        return _digits(size)
    from kerastc.data.images.tfds import read_tfds

    return read_tfds(data.removeprefix(TFDS), size, bits)


def _existing(data: str) -> Path:
    path = Path(data).expanduser()
    if path.exists():
        return path
    beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    near = nearest(data, [DIGITS]) or nearest(path.name, beside)
    raise UserError(
        f"There is no file or folder {path}.",
        near or f"data= takes {DIGITS}, FILE.npz, {TFDS}NAME or a folder of class folders.",
    )


def _digits(size: tuple[int, int] | None) -> ImageSource:
    """1,797 scanned digits of 8 x 8 pixels (Alpaydin and Kaynak 1998), from scikit-learn."""
    from sklearn.datasets import load_digits

    scans = load_digits()
    # Each pixel counts the black ones of a 4 x 4 block of the scan, 0 to 16.
    images = np.rint(scans.images[..., None] * (255 / 16)).astype(np.uint8)
    digits = LabelledImages(
        resized(images, size),
        scans.target.astype(np.int32),
        tuple(map(str, scans.target_names)),
        "the digits of scikit-learn",
        names=row_names("image", range(len(images))),
    )
    return ImageSource(digits, counts={"labelled": 20, "validation": 200, "test": 450})

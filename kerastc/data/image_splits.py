"""Labelled, unlabelled, validation and test images: by class, and none equal across parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from kerastc.data.drawing import draw_parts
from kerastc.data.image_duplicates import ImageDuplicates, describe_duplicates, equal_groups
from kerastc.data.image_sources import DIGITS, TFDS, ImageSource, read_source
from kerastc.data.images import LabelledImages, UnlabelledImages, row_names
from kerastc.errors import UserError
from kerastc.settings import Config, IsLocation

DRAWN = ("test", "validation", "labelled")  # by class, in this order; unlabelled is of the rest
SHOWN = 5  # classes that an error names
TEST_SHARE = 0.2  # of all images, where there is no official test part
SHARES = {"validation": 0.02, "labelled": 0.18}  # of the training part, before others are left out

Some = Annotated[int, Field(ge=1)] | None
ImageLocation = Annotated[str, IsLocation((DIGITS, TFDS))]


class ImageData(Config):
    """Where a recipe's images come from, and how many labels it may see."""

    data: ImageLocation = DIGITS  # digits, FILE.npz, tfds:NAME or a folder of class folders
    image_size: Some = None  # pixels of both sides; none: as they are, or 32 where they differ
    labelled: Some = None  # training images with their labels; none: 18 % of those of training
    unlabelled: Annotated[int, Field(ge=0)] | None = None  # without; none: all that remain
    validation: Some = None  # none: 2 % of those of training
    test: Some = None  # none: the official test images, or 20 % where there are none
    skip_unreadable: bool = False  # of a folder, leave out images that cannot be read


@dataclass(frozen=True)
class ImageSplits:
    """The result of `split_images`. The labels of the unlabelled images are nowhere in it.

    Args:
        train, validation, test: labelled images, in the order of their rows.
        unlabelled: the others, in random order.
        train_rows, validation_rows, test_rows, unlabelled_rows: their rows, int64, in the source's
            training part, those of test in its test part where it has one.
        duplicates: equal images, each kept within one part.
        fingerprint: of the source.
    """

    train: LabelledImages
    validation: LabelledImages
    test: LabelledImages
    unlabelled: UnlabelledImages
    train_rows: np.ndarray
    validation_rows: np.ndarray
    test_rows: np.ndarray
    unlabelled_rows: np.ndarray
    duplicates: ImageDuplicates
    fingerprint: str

    def summary(self) -> dict[str, dict]:
        """Rows of each part and, where they have labels, of its classes, in the classes' order."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        counted = {
            name: {"rows": len(part), "counts": part.class_counts().tolist()}
            for name, part in parts.items()
        }
        return counted | {"unlabelled": {"rows": len(self.unlabelled)}}

    def as_dict(self) -> dict:
        """All that a run records of its data (data.json)."""
        return {
            "source": self.train.source,
            "fingerprint": self.fingerprint,
            "classes": list(self.train.classes),
            "splits": self.summary(),
            "duplicates": self.duplicates.as_dict(),
            "notes": dict(self.train.notes),
        }


def load_images(config: ImageData) -> ImageSplits:
    """Reads and splits the images of a config; the same config gives the same splits.

    Raises:
        UserError: as `read_source` and `split_images` do.
    """
    return split_images(
        _source(config),
        config.seed,
        config.labelled,
        config.unlabelled,
        config.validation,
        config.test,
    )


def split_images(
    source: ImageSource,
    seed: int,
    labelled: int | None = None,
    unlabelled: int | None = None,
    validation: int | None = None,
    test: int | None = None,
) -> ImageSplits:
    """Draws the parts by class; equal images never stand in two of them.

    Training images that equal one of the official test part are left out. Other equal images stay
    together: where they do not fit, a class of a part is short of a row. Test and validation rows
    do not depend on how many labelled and unlabelled ones are asked for, and more labelled ones
    contain fewer, but for such equal images. Which of the rest become the unlabelled ones is drawn
    without looking at their labels.

    Args:
        source: the images.
        seed: of the draw.
        labelled, unlabelled, validation, test: so many images. None takes what the source says,
            else 18 % of the training part, all of the rest, 2 % of the training part, and the
            official test part or 20 % of all; of labelled and validation at least one a class.

    Raises:
        UserError: more images are asked for than there are, a class is empty, or none of its
            images is among the labelled ones.
    """
    train, official = source.train, source.test
    _check_classes(train)
    others = train.images[:0] if official is None else official.images
    groups, test_groups = equal_groups(train.images, others)
    left_out = np.isin(groups, test_groups)
    pool = np.flatnonzero(~left_out)
    sizes = _sizes(source, {"labelled": labelled, "validation": validation, "test": test})
    drawn = DRAWN if official is None else DRAWN[1:]
    _check_sizes(train, {name: sizes[name] for name in drawn}, unlabelled, len(pool))

    rng, classes = np.random.default_rng(seed), len(train.classes)
    part_of = np.full(len(train), -1)
    wanted = [sizes[name] for name in drawn]
    part_of[pool] = draw_parts(train.labels[pool], groups[pool], classes, wanted, rng)
    rows = {name: np.flatnonzero(part_of == part) for part, name in enumerate(drawn)}
    rest = rng.permutation(np.flatnonzero(part_of == len(drawn)))[:unlabelled]
    _check_labelled(train, rows["labelled"])
    seen = np.sort(np.concatenate([np.flatnonzero(left_out), *rows.values()]))
    if official is not None:
        alone = np.arange(len(official))
        chosen = draw_parts(official.labels, alone, classes, [sizes["test"]], rng) == 0
        rows["test"] = np.flatnonzero(chosen)
    word = "image" if official is None else "train"  # names of their own might tell the class
    return ImageSplits(
        train.take(rows["labelled"]),
        train.take(rows["validation"]),
        (train if official is None else official).take(rows["test"]),
        UnlabelledImages(train.images[rest], row_names(word, rest), train.source),
        rows["labelled"],
        rows["validation"],
        rows["test"],
        rest,
        _duplicates(source, seen, groups, test_groups, left_out),
        source.fingerprint,
    )


def hidden_labels(config: ImageData, splits: ImageSplits) -> np.ndarray:
    """The labels of `splits.unlabelled`, (m,) int32, read from the source once more.

    For reports of what a finished training made of images whose labels it did not have.

    Raises:
        UserError: as `read_source` does, and where the source has changed since the split.
    """
    source = _source(config)
    if source.fingerprint != splits.fingerprint:
        raise UserError(
            f"The images of {config.data} have changed since they were split.",
            "Give them back as they were, or start a new run.",
        )
    return source.train.labels[splits.unlabelled_rows]


def _source(config: ImageData) -> ImageSource:
    size = None if config.image_size is None else (config.image_size, config.image_size)
    return read_source(config.data, size, config.skip_unreadable)


def _sizes(source: ImageSource, asked: Mapping[str, int | None]) -> dict[str, int]:
    """Images of each part but the unlabelled one: as asked, as the source says, or by share."""
    train, official = source.train, source.test
    given = {**source.counts, **{name: n for name, n in asked.items() if n is not None}}
    there = round(TEST_SHARE * len(train)) if official is None else len(official)
    test = given.get("test", there)
    if official is not None and test > there:
        raise UserError(
            f"test={test:,} images are asked for; the test part of {train.source} has {there:,}.",
            f"Ask for 1 to {there:,}, or for none, which takes them all.",
        )
    training = len(train) - (test if official is None else 0)
    shares = {
        name: max(round(share * training), len(train.classes)) for name, share in SHARES.items()
    }
    return shares | given | {"test": test}


def _check_sizes(
    train: LabelledImages, sizes: Mapping[str, int], unlabelled: int | None, there: int
) -> None:
    wanted = dict(sizes) if unlabelled is None else {"unlabelled": unlabelled, **sizes}
    total = sum(wanted.values())
    if total <= there:
        return
    terms = " + ".join(f"{name}={count}" for name, count in reversed(wanted.items()))
    left_out = len(train) - there
    raise UserError(
        f"{train.source}: more images are asked for than there are: {terms} make {total:,}, and "
        f"there are {there:,}" + (f"; {left_out:,} more equal a test image." if left_out else "."),
        "Ask for fewer; unlabelled=none takes what remains.",
    )


def _check_classes(train: LabelledImages) -> None:
    if len(train.classes) < 2:
        raise UserError(
            f"{train.source}: all images have one class, {train.classes[0]!r}.",
            "At least two classes are needed.",
        )
    empty = _empty(train.classes, train.labels)
    if empty:
        raise UserError(
            f"{train.source} has no training image of {empty}.",
            "Leave an empty class out of the names, or add images of it.",
        )


def _check_labelled(train: LabelledImages, rows: np.ndarray) -> None:
    empty = _empty(train.classes, train.labels[rows])
    if empty:
        raise UserError(
            f"{train.source}: none of the {len(rows):,} labelled images is of {empty}.",
            "Ask for more labelled images or fewer of other parts, add images, or leave the class "
            "out.",
        )


def _empty(classes: tuple[str, ...], labels: np.ndarray) -> str:
    """Names the classes without a label, for an error; nothing where all have one."""
    without = np.flatnonzero(np.bincount(labels, minlength=len(classes)) == 0)
    names = ", ".join(repr(classes[i]) for i in without[:SHOWN])
    if len(without) > SHOWN:
        names += f" and {len(without) - SHOWN} more"
    return f"class{'es' * (len(without) > 1)} {names}" if len(without) else ""


def _duplicates(
    source: ImageSource,
    seen: np.ndarray,
    groups: np.ndarray,
    test_groups: np.ndarray,
    left_out: np.ndarray,
) -> ImageDuplicates:
    """What may be told of equal images: `seen` are the rows of training whose labels are known."""
    parts = [(source.train, seen, groups)]
    if source.test is not None:
        parts.append((source.test, np.arange(len(source.test)), test_groups))
    return describe_duplicates(
        np.concatenate([numbers[rows] for _, rows, numbers in parts]),
        np.concatenate([part.labels[rows] for part, rows, _ in parts]),
        np.concatenate([part.names[rows] for part, rows, _ in parts]),
        source.train.classes,
        exact=int((~left_out).sum() - len(np.unique(groups[~left_out]))),
        left_out=int(left_out.sum()),
    )

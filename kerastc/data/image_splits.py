"""Labelled, unlabelled, validation and test images: by class, and none equal across parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
import pydantic
from pydantic import Field

from kerastc.data.drawing import draw_parts
from kerastc.data.folds import Fold, folds_record
from kerastc.data.image_duplicates import ImageDuplicates, describe_duplicates, equal_groups
from kerastc.data.image_sources import (
    DIGITS,
    TFDS,
    ImageSource,
    read_part,
    read_source,
    read_unlabelled_images,
)
from kerastc.data.images import LabelledImages, UnlabelledImages, row_names
from kerastc.data.near_images import MOST, NOTE, near_copies
from kerastc.data.part_words import COUNT_OR_PATH, Portion, refuse_share
from kerastc.errors import UserError
from kerastc.settings import Config, IsLocation

DRAWN = ("test", "validation", "labelled")  # by class, in this order; unlabelled is of the rest
SHOWN = 5  # classes that an error names
TEST_SHARE = 0.2  # of all images, where there is no official test part
VALIDATION_SHARE = 0.15  # of the training part, before others are left out
MOST_VALIDATION = 1000  # images by that share

Some = Annotated[int, Field(ge=1)] | None
ImageLocation = Annotated[str, IsLocation((DIGITS, TFDS))]


# A number of images to draw, or the file or folder that holds them.
Part = Annotated[int | ImageLocation | None, COUNT_OR_PATH]


class ImageData(Config):
    """Where a recipe's images come from, and how many labels it may see."""

    data: ImageLocation = DIGITS  # digits, FILE.npz, tfds:NAME or a folder of class folders
    image_size: Some = None  # pixels of both sides; none: as they are, or 32 where they differ
    labelled: Some = None  # training images with their labels; none: all that are in no other part
    unlabelled: Part = None  # without: how many, or a file or folder; none: all that remain
    validation: Part = None  # how many, or a file or folder; none: 15 % of training, at most 1,000
    test: Part = None  # how many, or a file or folder; none: the official ones, or 20 %
    validation_fraction: Portion = None  # of the training images; in the place of validation
    test_fraction: Portion = None  # of all images; in the place of test
    skip_unreadable: bool = False  # of a folder, leave out images that cannot be read

    @pydantic.model_validator(mode="after")
    def sound_parts(self) -> "ImageData":
        """Refuses sizes below one, shares as files, and two ways of saying the same."""
        for name in ("unlabelled", "validation", "test"):
            value = getattr(self, name)
            if name != "unlabelled":
                refuse_share(name, value)
            if isinstance(value, int) and value < (name != "unlabelled"):
                raise ValueError(f"{name}={value}: at least 1 is needed.")
            if name != "unlabelled" and None not in (value, getattr(self, f"{name}_fraction")):
                raise ValueError(f"{name} and {name}_fraction are both given; give only one.")
        return self


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
        notes: what was counted on the way (files passed over, ...), name to number.
        sources: of the parts that the source has, as `ImageSource.sources` gives them.
        folds: where the labelled images are cross-validated; the parts above are then of the
            training after them, which has no test images.
        data: all labelled images, of which the rows of folds are.
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
    notes: dict[str, int]
    sources: dict[str, dict[str, str]] = field(default_factory=dict)
    folds: tuple[Fold, ...] = ()
    data: LabelledImages | None = None

    @property
    def tested(self) -> LabelledImages:
        """The images whose predictions are those of models that never saw them."""
        return self.data if self.folds else self.test

    def of_fold(self, number: int) -> "ImageSplits":
        """The parts of a fold, counted from 1."""
        fold = self.folds[number - 1]
        rows = {"train": fold.train, "validation": fold.validation, "test": fold.test}
        parts = {name: self.data.take(of_part) for name, of_part in rows.items()}
        named = {f"{name}_rows": of_part for name, of_part in rows.items()}
        return replace(self, **parts, **named, folds=(), data=None)

    def summary(self) -> dict[str, dict]:
        """Rows of each part and, where they have labels, of its classes, in the classes' order."""
        parts = {"train": self.train, "validation": self.validation}
        if not self.folds:
            parts["test"] = self.test
        counted = {
            name: {"rows": len(part), "counts": part.class_counts().tolist()}
            for name, part in parts.items()
        }
        return counted | {"unlabelled": {"rows": len(self.unlabelled)}}

    def as_dict(self) -> dict:
        """All that a run records of its data (data.json)."""
        record = {
            "source": self.train.source,
            "fingerprint": self.fingerprint,
            "classes": list(self.train.classes),
            "splits": self.summary(),
            "duplicates": self.duplicates.as_dict(),
            "notes": dict(self.notes),
        }
        optional = {"sources": dict(self.sources)} if self.sources else {}
        if self.folds:
            optional["folds"] = folds_record(self.data, self.folds)
        return record | optional


def load_images(config: ImageData) -> ImageSplits:
    """Reads and splits the images of a config; the same config gives the same splits.

    Raises:
        UserError: as `read_source` and `split_images` do.
    """
    source = source_of(config)
    sizes = {
        name: value if isinstance(value := getattr(config, name), int) else None
        for name in ("unlabelled", "validation", "test")
    }
    if config.test_fraction is not None:
        whole = len(source.train if source.test is None else source.test)
        sizes["test"] = max(round(config.test_fraction * whole), 1)
    if config.validation_fraction is not None:
        drawn = sizes["test"] or round(TEST_SHARE * len(source.train))
        training = len(source.train) - (drawn if source.test is None else 0)
        sizes["validation"] = max(round(config.validation_fraction * training), 1)
    return split_images(source, config.seed, config.labelled, **sizes)


def split_images(
    source: ImageSource,
    seed: int,
    labelled: int | None = None,
    unlabelled: int | None = None,
    validation: int | None = None,
    test: int | None = None,
) -> ImageSplits:
    """Draws the parts by class; equal images never stand in two of them.

    Training images that equal one of a given test or validation part are left out. Other equal
    images stay together: where they do not fit, a class of a part is short of a row. Test and
    validation rows do not depend on how many labelled and unlabelled ones are asked for, and more
    labelled ones contain fewer, but for such equal images. Which of the rest become the unlabelled
    ones is drawn without looking at their labels.

    Args:
        source: the images.
        seed: of the draw.
        labelled, unlabelled, validation, test: so many images. None takes what the source says,
            else all that are in no other part, all of the rest, 15 % of the training part (at least
            one a class, at most 1,000) or its own validation part, and the official test part or
            20 % of all.

    Raises:
        UserError: more images are asked for than there are, a class is empty, or none of its
            images is among the labelled ones.
    """
    fingerprint, sources = source.fingerprint, source.sources
    source, notes = _without_tested(source)
    train, given = source.train, {"test": source.test, "validation": source.validation}
    given = {name: part for name, part in given.items() if part is not None}
    check_classes(train)
    groups, *given_groups = equal_groups(
        train.examples, *(part.examples for part in given.values())
    )
    left_out = np.isin(groups, np.concatenate([*given_groups, groups[:0]]))
    pool = np.flatnonzero(~left_out)
    drawn = [name for name in DRAWN if name not in given]
    sizes = _sizes(source, {"labelled": labelled, "validation": validation, "test": test})
    everything = sizes["labelled"] is None
    if everything:
        others = sum(sizes[name] for name in drawn if name != "labelled")
        sizes["labelled"] = max(len(pool) - others - (unlabelled or 0), 1)
    _check_sizes(train, {name: sizes[name] for name in drawn}, unlabelled, len(pool))

    rng, classes = np.random.default_rng(seed), len(train.classes)
    part_of = np.full(len(train), -1)
    wanted = [sizes[name] for name in drawn]
    part_of[pool] = draw_parts(train.labels[pool], groups[pool], classes, wanted, rng)
    if everything and not unlabelled:  # groups that fitted nowhere are not wasted
        part_of[part_of == len(drawn)] = drawn.index("labelled")
    rows = {name: np.flatnonzero(part_of == part) for part, name in enumerate(drawn)}
    rest = rng.permutation(np.flatnonzero(part_of == len(drawn)))[:unlabelled]
    _check_labelled(train, rows["labelled"])
    seen = np.sort(np.concatenate([np.flatnonzero(left_out), *rows.values()]))
    parts = {name: train.take(rows[name]) for name in drawn}
    for name, part in given.items():
        alone = np.arange(len(part))
        chosen = draw_parts(part.labels, alone, classes, [sizes[name]], rng) == 0
        rows[name] = np.flatnonzero(chosen)
        parts[name] = part.take(rows[name])
    word = "train" if given else "image"  # names of their own might tell the class
    without = UnlabelledImages(train.examples[rest], row_names(word, rest), train.source)
    notes["training images left out as equal to a given test or validation image"] = int(
        left_out.sum()
    )
    if source.unlabelled is not None:
        more = source.unlabelled
        kept = _apart(more.examples, parts["test"].examples, parts["validation"].examples)
        without = UnlabelledImages(
            np.concatenate([without.examples, more.examples[kept]]),
            np.concatenate([without.names, more.names[kept]]),
            train.source,
        )
        # Numbers of images that came without labels go on where those of the training part end.
        rest = np.concatenate([rest, len(train) + kept])
        notes["unlabelled images left out as equal to a test or validation image"] = len(
            more
        ) - len(kept)
    notes |= _near(parts["labelled"].examples, without.examples, parts["validation"], parts["test"])
    return ImageSplits(
        parts["labelled"],
        parts["validation"],
        parts["test"],
        without,
        rows["labelled"],
        rows["validation"],
        rows["test"],
        rest,
        _duplicates(source, seen, groups, given, given_groups, left_out),
        fingerprint,
        {what: count for what, count in notes.items() if count},
        sources,
    )


def _near(labelled: np.ndarray, unlabelled: np.ndarray, *judged: LabelledImages) -> dict[str, int]:
    """How many validation and test images are nearly one that is learned from; they stay."""
    learned = np.concatenate([labelled, unlabelled])
    asked = np.concatenate([part.examples for part in judged])
    if len(asked) * len(learned) > MOST:
        return {f"images too many to look for near copies among ({MOST:,} pairs)": len(learned)}
    return {NOTE: len(near_copies(asked, learned))}


def _apart(images: np.ndarray, *others: np.ndarray) -> np.ndarray:
    """The rows of images that equal none of the others, ascending; all are uint8, of one shape."""
    groups, *judged = equal_groups(images, *others)
    return np.flatnonzero(~np.isin(groups, np.concatenate(judged)))


def _without_tested(source: ImageSource) -> tuple[ImageSource, dict[str, int]]:
    """The source without given validation images that equal given test images; and its notes."""
    notes = source.notes
    test, validation = source.test, source.validation
    if test is None or validation is None:
        return source, notes
    kept = _apart(validation.examples, test.examples)
    if not len(kept):
        raise UserError(
            f"{validation.source}: every validation image equals a test image.",
            "Give other images to one of the two.",
        )
    notes["validation images left out as equal to a test image"] = len(validation) - len(kept)
    return replace(source, validation=validation.take(kept)), notes


def hidden_labels(config: ImageData, splits: ImageSplits) -> np.ndarray:
    """The labels of `splits.unlabelled`, (m,) int32, read from the source once more.

    Images that came without labels have -1.

    For reports of what a finished training made of images whose labels it did not have.

    Raises:
        UserError: as `read_source` does, and where the source has changed since the split.
    """
    source = source_of(config)
    if source.fingerprint != splits.fingerprint:
        raise UserError(
            f"The images of {config.data} have changed since they were split.",
            "Give them back as they were, or start a new run.",
        )
    more = 0 if source.unlabelled is None else len(source.unlabelled)
    labels = np.concatenate([source.train.labels, np.full(more, -1, np.int32)])
    return labels[splits.unlabelled_rows]


def source_of(config: ImageData) -> ImageSource:
    """All images of a config, the parts that have files of their own among them."""
    size = None if config.image_size is None else (config.image_size, config.image_size)
    source = read_source(config.data, size, config.skip_unreadable)
    given = {
        name: read_part(path, source.train, config.skip_unreadable)
        for name in ("test", "validation")
        if isinstance(path := getattr(config, name), str)
    }
    if isinstance(path := config.unlabelled, str):
        given["unlabelled"] = read_unlabelled_images(path, source.train, config.skip_unreadable)
    return replace(source, **given)


def _sizes(source: ImageSource, asked: Mapping[str, int | None]) -> dict[str, int | None]:
    """Images of each part but the unlabelled one: as asked, as the source says, or by share."""
    train = source.train
    given = {**source.counts, **{name: n for name, n in asked.items() if n is not None}}
    for name, part in (("test", source.test), ("validation", source.validation)):
        if part is None:
            continue
        if given.get(name, 0) > len(part):
            raise UserError(
                f"{name}={given[name]:,} images are asked for; the {name} part of {part.source} "
                f"has {len(part):,}.",
                f"Ask for 1 to {len(part):,}, or for none, which takes them all.",
            )
        given.setdefault(name, len(part))
    test = given.setdefault("test", round(TEST_SHARE * len(train)))
    training = len(train) - (test if source.test is None else 0)
    share = min(max(round(VALIDATION_SHARE * training), len(train.classes)), MOST_VALIDATION)
    given.setdefault("validation", share)
    return {"labelled": None} | given


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


def check_classes(train: LabelledImages) -> None:
    """Refuses images of one class alone, and classes without an image."""
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


def require_unlabelled(splits: ImageSplits) -> None:
    """Refuses, for a method that learns from unlabelled images, a source that has none.

    Raises:
        UserError: with the ways to give some.
    """
    if not len(splits.unlabelled):
        raise UserError(
            f"{splits.train.source}: all training images are labelled, and this method learns from "
            "unlabelled ones, too.",
            "Give some: unlabelled=FOLDER or FILE.npz, or a folder `unlabelled` beside those of "
            "the classes. Or hide labels: labelled=100 keeps those of 100 images.",
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
    given: Mapping[str, LabelledImages],
    given_groups: Sequence[np.ndarray],
    left_out: np.ndarray,
) -> ImageDuplicates:
    """What may be told of equal images: `seen` are the rows of training whose labels are known."""
    parts = [(source.train, seen, groups)]
    for part, numbers in zip(given.values(), given_groups, strict=True):
        parts.append((part, np.arange(len(part)), numbers))
    return describe_duplicates(
        np.concatenate([numbers[rows] for _, rows, numbers in parts]),
        np.concatenate([part.labels[rows] for part, rows, _ in parts]),
        np.concatenate([part.names[rows] for part, rows, _ in parts]),
        source.train.classes,
        exact=int((~left_out).sum() - len(np.unique(groups[~left_out]))),
        left_out=int(left_out.sum()),
    )

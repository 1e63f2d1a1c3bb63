"""The images of a recipe: where they come from, and how many of their labels it may see."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
import pydantic
from pydantic import Field

from kerastc.data.folds import SHARE, Fold, Folds, draw_folds
from kerastc.data.images.duplicates import describe_duplicates, equal_groups
from kerastc.data.images.images import LabelledImages, UnlabelledImages
from kerastc.data.images.near_images import MOST, near_copies
from kerastc.data.images.sources import (
    DIGITS,
    TFDS,
    ImageSource,
    read_part,
    read_source,
    read_unlabelled_images,
)
from kerastc.data.images.splits import MOST_VALIDATION, TEST_SHARE, check_classes, split_images
from kerastc.data.part_words import COUNT_OR_PATH, Portion, refuse_share
from kerastc.data.splits import Splits
from kerastc.errors import UserError
from kerastc.settings import Config, IsLocation

Some = Annotated[int, Field(ge=1)] | None
ImageLocation = Annotated[str, IsLocation((DIGITS, TFDS))]


# A number of images to draw, or the file or folder that holds them.
Part = Annotated[int | ImageLocation | None, COUNT_OR_PATH]


class ImageData(Config):
    """Where a recipe's images come from, and how many labels it may see."""

    data: ImageLocation = DIGITS  # digits, FILE.npz, tfds:NAME or a folder of class folders
    image_size: Some = None  # pixels per side; none: as they are, or 32 where they differ
    labelled: Some = None  # training images with their labels; none: all that are in no other part
    unlabelled: Part = None  # without labels: how many, or a file or folder; none: all that remain
    validation: Part = None  # how many, or a file or folder; none: 15 % of training, at most 1,000
    test: Part = None  # how many, or a file or folder; none: the official ones, or 20 %
    validation_fraction: Portion = None  # of the training images; instead of validation
    test_fraction: Portion = None  # of all images; instead of test
    skip_unreadable: bool = False  # leave out images in a folder that cannot be read

    @pydantic.model_validator(mode="after")
    def sound_parts(self) -> "ImageData":
        """Refuses sizes below one, shares in place of files, and two settings for the same part."""
        for name in ("unlabelled", "validation", "test"):
            value = getattr(self, name)
            if name != "unlabelled":
                refuse_share(name, value)
            if isinstance(value, int) and value < (name != "unlabelled"):
                raise ValueError(f"{name}={value}: at least 1 is needed.")
            if name != "unlabelled" and None not in (value, getattr(self, f"{name}_fraction")):
                raise ValueError(f"{name} and {name}_fraction are both given; give only one.")
        return self


class FoldedImageData(ImageData, Folds):
    """Where the images come from in a recipe that learns from labels only."""


def load_images(config: ImageData) -> Splits:
    """Reads and splits the images of a config; the same config gives the same splits.

    With `folds` every labelled image is held out once, and equal images stay together. The default
    digits then have all their labels.

    Raises:
        UserError: as in `read_source` and `split_images`; with folds also as in `draw_folds`, and
            for a source with parts of its own.
    """
    source = source_of(config)
    if isinstance(config, FoldedImageData) and config.folds:
        return _in_folds(source, config)
    return split_source(source, config)


def split_source(source: ImageSource, config: ImageData) -> Splits:
    """Splits images by the numbers and shares of a config.

    Raises:
        UserError: as in `split_images`.
    """
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


def hidden_labels(config: ImageData, splits: Splits) -> np.ndarray:
    """The labels of `splits.unlabelled`, (m,) int32, read from the source once more.

    Images that came without labels have -1.

    For reports on how a finished training run labelled images whose labels it did not have.

    Raises:
        UserError: as in `read_source`, and if the source has changed since the split.
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
    """All images of a config, including the parts that have files of their own."""
    return source_from(config)


def source_from(
    config: ImageData,
    read: Callable[[str], ImageSource | None] = lambda data: None,
    unlabelled: Callable[[str], UnlabelledImages | None] = lambda data: None,
) -> ImageSource:
    """As `source_of`, with readers that are asked first.

    Args:
        config: what is read.
        read: a source of that name, or None.
        unlabelled: images without labels, or None.

    Raises:
        UserError: as in `read_source`, and as the readers.
    """
    size, skip = config.image_size and (config.image_size,) * 2, config.skip_unreadable
    source = read(config.data) or read_source(config.data, size, skip)
    given = {}
    for name in ("test", "validation"):
        if isinstance(path := getattr(config, name), str):
            own = read(path)
            given[name] = (
                read_part(path, source.train, skip)
                if own is None
                else _measured(own).matching(source.train.classes, "the training part")
            )
    if isinstance(path := config.unlabelled, str):
        found = unlabelled(path)
        given["unlabelled"] = (
            read_unlabelled_images(path, source.train, skip) if found is None else found
        )
    return replace(source, **given)


def _measured(source: ImageSource) -> LabelledImages:
    """The official test part, else all of it."""
    return source.train if source.test is None else source.test


def require_unlabelled(splits: Splits) -> None:
    """Refuses a source without unlabelled images, for a method that learns from them.

    Raises:
        UserError: stating how to give some.
    """
    if not len(splits.unlabelled):
        raise UserError(
            f"{splits.train.source}: all training images are labelled, and this method learns from "
            "unlabelled ones, too.",
            "Give some: unlabelled=FOLDER or FILE.npz, or a folder `unlabelled` next to those of "
            "the classes. Or hide labels: labelled=100 keeps those of 100 images.",
        )


def _in_folds(source: ImageSource, config: FoldedImageData) -> Splits:
    data = source.train
    for part in ("test", "validation"):
        if (found := getattr(source, part)) is not None:
            raise UserError(
                f"{config.data} has a {part} part of its own, of {len(found):,} images; with "
                f"folds={config.folds} each labelled image is tested once.",
                "Leave folds out, or give the images without that part.",
            )
    check_classes(data)
    (groups,) = equal_groups(data.examples)
    share = min(config.validation_fraction or SHARE, MOST_VALIDATION / len(data))
    folds, last = draw_folds(data, groups, config.folds, config.seed, share)
    notes = source.notes | _near(data, folds)
    duplicates = describe_duplicates(
        groups, data.labels, data.names, data.classes, len(data) - len(np.unique(groups)), 0
    )
    return Splits.of_folds(
        data,
        duplicates,
        folds,
        last,
        fingerprint=source.fingerprint,
        notes={what: count for what, count in notes.items() if count},
        unlabelled=UnlabelledImages(data.examples[:0], data.names[:0], data.source),
        unlabelled_rows=np.arange(0),
    )


def _near(data: LabelledImages, folds: Sequence[Fold]) -> dict[str, int]:
    """How many images nearly equal one that their fold's model learns from; they stay there."""
    learned = [np.concatenate([fold.train, fold.validation]) for fold in folds]
    if sum(len(fold.test) * len(rows) for fold, rows in zip(folds, learned, strict=True)) > MOST:
        return {f"images too many to look for near copies among ({MOST:,} pairs)": len(data)}
    found = (
        near_copies(data.examples[fold.test], data.examples[rows])
        for fold, rows in zip(folds, learned, strict=True)
    )
    return {"held-out images that are nearly a training image of their fold": sum(map(len, found))}

"""Labelled images that are cross-validated."""

from collections.abc import Sequence

import numpy as np

from kerastc.data.folds import SHARE, Fold, Folds, draw_folds
from kerastc.data.image_duplicates import describe_duplicates, equal_groups
from kerastc.data.image_splits import (
    MOST_VALIDATION,
    ImageData,
    ImageSplits,
    check_classes,
    load_images,
    source_of,
)
from kerastc.data.images import LabelledImages, UnlabelledImages
from kerastc.data.near_images import MOST, near_copies
from kerastc.errors import UserError


class FoldedImageData(ImageData, Folds):
    """Where the images of a recipe come from that learns from labels alone."""


def load_folded_images(config: FoldedImageData) -> ImageSplits:
    """As `load_images`; with `folds` every image that has a label is held out once.

    Equal images stay together. The default digits have all their labels then.

    Raises:
        UserError: as `load_images` and `draw_folds` do, and for a source with parts of its own.
    """
    if not config.folds:
        return load_images(config)
    source = source_of(config)
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
    none = np.arange(0)
    notes = source.notes | _near(data, folds)
    duplicates = describe_duplicates(
        groups, data.labels, data.names, data.classes, len(data) - len(np.unique(groups)), 0
    )
    return ImageSplits(
        data.take(last.train),
        data.take(last.validation),
        data.take(last.test),
        UnlabelledImages(data.examples[:0], data.names[:0], data.source),
        last.train,
        last.validation,
        last.test,
        none,
        duplicates,
        source.fingerprint,
        {what: count for what, count in notes.items() if count},
        folds=folds,
        data=data,
    )


def _near(data: LabelledImages, folds: Sequence[Fold]) -> dict[str, int]:
    """How many images are nearly one that the model of their fold learns from; they stay there."""
    learned = [np.concatenate([fold.train, fold.validation]) for fold in folds]
    if sum(len(fold.test) * len(rows) for fold, rows in zip(folds, learned, strict=True)) > MOST:
        return {f"images too many to look for near copies among ({MOST:,} pairs)": len(data)}
    found = (
        near_copies(data.examples[fold.test], data.examples[rows])
        for fold, rows in zip(folds, learned, strict=True)
    )
    return {"held-out images that are nearly a training image of their fold": sum(map(len, found))}

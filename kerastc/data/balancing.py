"""Balancing of the training part, after the split, with imbalanced-learn."""

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from kerastc.data.splits import Splits
from kerastc.errors import UserError, nearest

Balancing = Literal["none", "undersample", "oversample", "both"]


def balance(splits: Splits, how: Balancing, seed: int) -> Splits:
    """Draws the training rows anew, so that classes are of more equal size.

    Classes with more training rows than the median of all classes are the majority: each is cut to
    the smallest class of that group, so that a majority of one stays as it is. Those with fewer
    than the median are the minority: rows of theirs are drawn with replacement and added, up to
    the median (rounded down).

    Only training rows change. Balanced before the split, copies of a row would be trained on and
    tested on. Weights of classes are another way to the same end, which leaves the rows as they
    are: `class_weights` of the training config.

    Args:
        splits: the parts.
        how: undersample cuts the majority, oversample raises the minority, both does both.
        seed: of the draw.

    Raises:
        UserError: where `how` is none of these.
    """
    if how not in get_args(Balancing):
        raise UserError(
            f"balancing={how} is not allowed: it takes {', '.join(get_args(Balancing))}.",
            nearest(how, get_args(Balancing)),
        )
    if how == "none":
        return splits
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.under_sampling import RandomUnderSampler

    counts = splits.train.class_counts()
    median = np.median(counts)
    majority, minority = np.flatnonzero(counts > median), np.flatnonzero(counts < median)
    samplers = []
    if how in ("undersample", "both") and len(majority):
        sizes = dict.fromkeys(majority.tolist(), int(counts[majority].min()))
        samplers.append(RandomUnderSampler(sampling_strategy=sizes, random_state=seed))
    if how in ("oversample", "both") and len(minority):
        sizes = dict.fromkeys(minority.tolist(), int(median))
        samplers.append(RandomOverSampler(sampling_strategy=sizes, random_state=seed))
    rows, labels = splits.train_rows[:, None], splits.train.labels
    for sampler in samplers:
        rows, labels = sampler.fit_resample(rows, labels)
    rows = np.sort(rows[:, 0])
    train = splits.data.take(rows)
    record = {"how": how, "before": counts.tolist(), "after": train.class_counts().tolist()}
    return replace(splits, train=train, train_rows=rows, balancing=record)

"""Balancing of the training part, after the split, with imbalanced-learn."""

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from kerastc.data.splits import Splits
from kerastc.errors import UserError, nearest

Balancing = Literal["none", "undersample", "oversample", "both"]


def balance(splits: Splits, how: Balancing, seed: int) -> Splits:
    """Redraws the training rows so that the classes are closer in size.

    Classes with more training rows than the median class are the majority: each is cut to the size
    of the smallest of them, so that a single majority class stays as it is. Classes with fewer rows
    than the median are the minority: rows drawn from them with replacement are added, up to the
    median (rounded down).

    Only training rows change: balancing before the split would put copies of one row in training
    and in test. To leave the rows as they are, weight the classes instead: `class_weights` in the
    training config.

    Args:
        splits: the parts.
        how: undersample cuts the majority, oversample raises the minority, both does both.
        seed: for the draw.

    Raises:
        UserError: `how` is none of these.
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

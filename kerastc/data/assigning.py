"""Assigns rows to parts by class, keeping groups together; and keeps a share of the rows."""

from math import floor

import numpy as np

from kerastc.data.labelled import Labelled
from kerastc.errors import UserError


def assigned(
    labels: np.ndarray, groups: np.ndarray, targets: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The number of each row's part, (n,) int64; the largest groups come first.

    Args:
        labels: (n,) class numbers.
        groups: (n,) numbers that rows that stay together share, from 0 without gaps.
        targets: (parts, classes) rows wanted; they sum to the rows of each class.
        rng: for the draw.
    """
    part_of = np.empty(len(labels), np.int64)
    left = targets.copy()
    sizes = np.bincount(groups)
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.cumsum(sizes)[:-1])
    several = np.flatnonzero(sizes > 1)
    several = rng.permutation(several)
    several = several[np.argsort(-sizes[several], kind="stable")]  # large ones first, while it fits
    for group, draw in zip(several, rng.random(len(several)), strict=True):
        rows = members[group]
        classes = np.bincount(labels[rows], minlength=targets.shape[1])
        room = (left * (classes > 0)).sum(axis=1)
        fits = (left >= classes).all(axis=1)
        if fits.any():
            chances = np.cumsum(room * fits)
            part = int(np.searchsorted(chances, draw * chances[-1], side="right"))
        else:
            part = int(room.argmax())
        part_of[rows] = part
        left[part] -= classes
    single = sizes[groups] == 1
    for label, rows in enumerate(by_class(labels, targets.shape[1])):
        rows = rng.permutation(rows[single[rows]])
        ends = np.cumsum(_filled(left[:, label], len(rows)))
        part_of[rows] = np.searchsorted(ends, np.arange(len(rows)), side="right")
    return part_of


def thinned(
    rows: np.ndarray, data: Labelled, fraction: float, rng: np.random.Generator
) -> np.ndarray:
    """The given share of each class's rows, ascending.

    Every row gets a position between 0 and 1 by its rank in a random order of its class; the first
    ones are kept, so that each share contains all smaller shares.
    """
    labels = data.strata[rows]
    place = np.empty(len(rows))
    for of_class in by_class(labels, len(data.strata_names)):
        of_class = rng.permutation(of_class)
        place[of_class] = (np.arange(len(of_class)) + 0.5) / len(of_class)
    kept = np.argsort(place, kind="stable")[: floor(len(rows) * fraction + 0.5)]
    without = set(range(len(data.strata_names))) - set(labels[kept].tolist())
    if without:
        raise UserError(
            f"train_fraction={fraction} leaves none of the {data.rows_named(min(without))} to "
            "train on.",
            "Choose a larger fraction.",
        )
    return rows[np.sort(kept)]


def by_class(labels: np.ndarray, classes: int) -> list[np.ndarray]:
    """The ascending indices of each class's rows."""
    ends = np.cumsum(np.bincount(labels, minlength=classes))
    return np.split(np.argsort(labels, kind="stable"), ends[:-1])


def _filled(left: np.ndarray, rows: int) -> np.ndarray:
    """How many of `rows` rows each part gets: what it lacks, less where another has too many."""
    wanted = np.maximum(left, 0)
    while wanted.sum() > rows:  # a part that groups have overfilled takes from the largest need
        wanted[wanted.argmax()] -= 1
    return wanted

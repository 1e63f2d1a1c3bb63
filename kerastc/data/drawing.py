"""A draw of parts by class that keeps groups of rows together."""

from collections import Counter

import numpy as np

from kerastc.data.rounding import rounded_shares


def draw_parts(
    labels: np.ndarray,
    groups: np.ndarray,
    classes: int,
    sizes: list[int],
    rng: np.random.Generator,
) -> np.ndarray:
    """The part of each row, (n,) int: its index in `sizes`; the number of sizes for the rest.

    Groups come in a random order that does not depend on labels, and each goes to the first part
    that has room for its classes. So a part does not depend on the sizes of the parts after it.
    Where no group fits, a part is short of rows.

    Args:
        labels: (n,) from 0 to `classes` - 1.
        groups: (n,) int; rows with the same number stay together.
        classes: how many there are.
        sizes: rows of each part, at most n in all. Each class gets its share of them, to within
            one row.
        rng: for the draw.
    """
    room = _targets(np.bincount(labels, minlength=classes), sizes).tolist()
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    part_of = np.full(len(labels), len(sizes))
    label_of = labels.tolist()
    for group in rng.permutation(len(members)):
        rows = members[group].tolist()
        needed = Counter(label_of[row] for row in rows).items()
        for part, left in enumerate(room):
            if all(left[label] >= count for label, count in needed):
                part_of[rows] = part
                for label, count in needed:
                    left[label] -= count
                break
    return part_of


def _targets(counts: np.ndarray, sizes: list[int]) -> np.ndarray:
    """Rows of each part and class, (parts, classes), from the rows of each class."""
    targets, left = [], counts
    for size in sizes:
        quotas = left * (size / max(left.sum(), 1))
        targets.append(rounded_shares(quotas, size, quotas))
        left = left - targets[-1]
    return np.array(targets)

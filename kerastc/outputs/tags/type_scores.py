"""Precision, recall and F1 of units: of all, and of those of each type. NumPy alone."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kerastc.outputs.tags.entities import Unit
from kerastc.scores.bootstrap import sums_interval


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return above / np.maximum(below, 1)


# By the sums (..., 3) of right, predicted and true units.
RATIOS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "precision": lambda sums: _ratio(sums[..., 0], sums[..., 1]),
    "recall": lambda sums: _ratio(sums[..., 0], sums[..., 2]),
    "f1": lambda sums: _ratio(2 * sums[..., 0], sums[..., 1] + sums[..., 2]),
}


def ratios(counts: np.ndarray) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Precision, recall and F1 with 95 % intervals over sentences.

    Args:
        counts: (n, 3) float, the right, predicted and true units of each sentence.
    """
    sums = counts.sum(axis=0)
    return (
        {name: float(of(sums)) for name, of in RATIOS.items()},
        {name: sums_interval(counts, of) for name, of in RATIOS.items()},
    )


def of_types(
    pairs: Sequence[tuple[set[Unit], set[Unit]]],
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, list[float]]]]:
    """Figures of each type, with `support`, and their intervals.

    Args:
        pairs: of each sentence the predicted and the true units.
    """
    counts: dict[str, np.ndarray] = {}
    for row, (guessed, true) in enumerate(pairs):
        for place, units in enumerate((guessed & true, guessed, true)):
            for kind, count in Counter(unit[2] for unit in units).items():
                counts.setdefault(kind, np.zeros((len(pairs), 3)))[row, place] = count
    figures, intervals = {}, {}
    for kind in sorted(counts):
        found, intervals[kind] = ratios(counts[kind])
        figures[kind] = found | {"support": int(counts[kind][:, 2].sum())}
    return figures, intervals

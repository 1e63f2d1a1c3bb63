"""Bootstrap intervals of means over rows, and of differences between models on the same rows.

Efron and Tibshirani 1993: percentile intervals (ch. 13); pairs are kept together (ch. 8).
"""

from collections.abc import Callable

import numpy as np

INTERVAL = 0.95
SAMPLES = 1000
EDGES = ((1 - INTERVAL) / 2, (1 + INTERVAL) / 2)  # quantiles
CELLS = 1 << 22  # of an array of resamples


def mean_interval(values: np.ndarray, seed: int = 0) -> list[float]:
    """95 % interval of a mean over `SAMPLES` resamples of the rows.

    Args:
        values: (n,) float, at least one.
        seed: of the resamples.
    """
    values = np.asarray(values, dtype=np.float64)
    draws = np.random.default_rng(seed)
    means = [values[draws.integers(len(values), size=len(values))].mean() for _ in range(SAMPLES)]
    return np.quantile(means, EDGES).tolist()


def sums_interval(
    counts: np.ndarray, figure: Callable[[np.ndarray], np.ndarray], seed: int = 0
) -> list[float]:
    """95 % interval of a figure that is a function of sums over rows.

    Rows with equal counts are drawn together, by a multinomial draw of their kinds.

    Args:
        counts: (n, sums) float, what each row adds; at least one row.
        figure: (samples, sums) to (samples,).
        seed: of the resamples.
    """
    kinds, times = np.unique(counts, axis=0, return_counts=True)
    draws, rows = np.random.default_rng(seed), len(counts)
    size = max(1, CELLS // len(kinds))  # resamples at once
    found = [
        figure(draws.multinomial(rows, times / rows, min(size, SAMPLES - begin)) @ kinds)
        for begin in range(0, SAMPLES, size)
    ]
    return np.quantile(np.concatenate(found), EDGES).tolist()


def paired_difference(
    right: np.ndarray, other_right: np.ndarray, seed: int = 0
) -> tuple[float, list[float]]:
    """How much more often one model is right than another on the same rows; a 95 % interval.

    A row counts +1 where only the first is right, -1 where only the other is, else 0; a resample
    of the rows is a multinomial draw of these three.

    Args:
        right: (n,) bool, whether the first model is right on each row.
        other_right: (n,) bool, the same for the other.
        seed: of the resamples.

    Returns:
        the difference of the shares of right rows, and its interval.
    """
    steps = np.asarray(right, dtype=np.int64) - np.asarray(other_right, dtype=np.int64)
    counts = np.bincount(steps + 1, minlength=3)
    draws = np.random.default_rng(seed).multinomial(len(steps), counts / len(steps), size=SAMPLES)
    differences = (draws[:, 2] - draws[:, 0]) / len(steps)
    return float(steps.mean()), np.quantile(differences, EDGES).tolist()

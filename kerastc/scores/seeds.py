"""A figure over seeds: mean, deviation, and the 95 % interval of the mean."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from kerastc import formatting
from kerastc.scores.bootstrap import INTERVAL
from kerastc.scores.figures import Figure


def over_seeds(values: Sequence[float], share: bool = True) -> dict[str, Any]:
    """Mean, sample standard deviation and Student's t interval of the mean (Student 1908).

    The interval shows the chance in training; those in a run's metrics show the chance in drawing
    rows. With two seeds it is wide, as it should be.

    Args:
        values: a figure per run, without unknown ones.
        share: whether it, and so its interval, is between 0 and 1.

    Returns:
        `mean`, `deviation` and `interval`, [low, high]; None if there are too few values.
    """
    if not values:
        return {"mean": None, "deviation": None, "interval": None}
    mean = statistics.fmean(values)
    if len(values) == 1:
        return {"mean": mean, "deviation": None, "interval": None}
    from scipy.stats import t

    deviation = statistics.stdev(values)
    reach = float(t.ppf((1 + INTERVAL) / 2, len(values) - 1)) * deviation / len(values) ** 0.5
    low, high = mean - reach, mean + reach
    ends = [max(low, 0.0), min(high, 1.0)] if share else [low, high]
    return {"mean": mean, "deviation": deviation, "interval": ends}


def spreads(
    found: Sequence[Mapping[str, Any]], figures: Sequence[Figure]
) -> dict[str, dict[str, Any]]:
    """The result of `over_seeds` for each figure, from the runs that have it.

    Args:
        found: a run's figures by name, None for those it lacks.
        figures: of all of them.
    """
    values = {
        figure.name: [v for one in found if (v := formatting.finite(one[figure.name])) is not None]
        for figure in figures
    }
    return {one.name: over_seeds(values[one.name], share=one.share) for one in figures}

"""Retention: the share of a teacher's figure that a student keeps, with its interval.

Of models that answered the same rows the rows are drawn, together for both (Efron and Tibshirani
1993, ch. 8); of others the means over seeds, by Welch's t of the logarithm of their ratio.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance
from typing import Any

import numpy as np

from kerastc.scores import pairs
from kerastc.scores.bootstrap import EDGES, SAMPLES
from kerastc.scores.figures import Figure
from kerastc.scores.pairs import Judged
from kerastc.scores.recommendation import same_rows


@dataclass(frozen=True)
class Retention:
    """A student's figure over its teacher's.

    Args:
        ratio: of the means over seeds.
        draws: (SAMPLES,) float, the ratio in each resample; None if there is nothing to draw.
        by: what was drawn: "rows", "seeds", or "" for nothing.
    """

    ratio: float
    draws: np.ndarray | None
    by: str

    @property
    def interval(self) -> list[float] | None:
        """95 %, by percentiles of the draws."""
        return None if self.draws is None else np.nanquantile(self.draws, EDGES).tolist()

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"ratio": self.ratio, "interval": self.interval, "by": self.by}


def by_rows(
    figure: Figure, students: Sequence[Judged], teachers: Sequence[Judged], seed: int = 0
) -> Retention | None:
    """Retention on the same rows.

    Args:
        figure: of their task, a share.
        students, teachers: models that differ in their seed alone.
        seed: of the resamples.

    Returns:
        None if one of them has no counterpart that answered its rows, or the teacher's figure is 0.
    """
    if not (_matched(students, teachers) and _matched(teachers, students)):
        return None
    kept, given = pairs.resampled(figure, students, teachers, seed)
    if not given[0] > 0:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = kept / given
    draws = np.where(np.isfinite(ratios[1:]), ratios[1:], np.nan)
    return Retention(float(ratios[0]), draws, "rows")


def by_seeds(
    students: Sequence[float], teachers: Sequence[float], seed: int = 0
) -> Retention | None:
    """Retention by figures over seeds: their chance is that of training.

    Args:
        students, teachers: a figure per run, at least one.
        seed: of the draws.

    Returns:
        None if a mean is not above 0; without draws if one of them has a single seed.
    """
    means = fmean(students), fmean(teachers)
    if min(means) <= 0:
        return None
    ratio = means[0] / means[1]
    if min(len(students), len(teachers)) < 2:
        return Retention(ratio, None, "")
    # Squared standard errors of the logarithms, by the delta method.
    parts = [
        variance(values) / len(values) / mean**2
        for values, mean in zip((students, teachers), means, strict=True)
    ]
    if not sum(parts):
        return Retention(ratio, np.full(SAMPLES, ratio), "seeds")
    counts = len(students), len(teachers)
    freedom = sum(parts) ** 2 / sum(p**2 / (n - 1) for p, n in zip(parts, counts, strict=True))
    drawn = np.random.default_rng(seed).standard_t(freedom, SAMPLES)
    return Retention(ratio, ratio * np.exp(drawn * sum(parts) ** 0.5), "seeds")


def average(found: Sequence[Retention]) -> Retention:
    """The mean retention over tasks, whose rows and seeds are drawn apart.

    Args:
        found: of each task, at least one; of different seeds of draws.
    """
    ratio = fmean(one.ratio for one in found)
    if any(one.draws is None for one in found):
        return Retention(ratio, None, "")
    kinds = " and ".join(sorted({one.by for one in found}))
    return Retention(ratio, np.mean([one.draws for one in found], axis=0), kinds)


def _matched(models: Sequence[Judged], others: Sequence[Judged]) -> bool:
    """Whether each model has one among the others that answered the same rows, known by text."""
    return bool(models) and all(
        one.said.examples is not None and any(same_rows(one.said, other.said) for other in others)
        for one in models
    )

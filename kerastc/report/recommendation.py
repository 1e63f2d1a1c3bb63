"""Which of some runs to take: the cheapest of those that cannot be told apart from the best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, inf
from statistics import fmean
from typing import Any

import numpy as np

from kerastc.report import tables
from kerastc.report.bootstrap import paired_difference
from kerastc.report.metrics import Predictions

RULE = (
    "Validation figures alone decide. Models are compared in pairs on the same rows (paired "
    "bootstrap, 95 %); where they have none in common, by their separate intervals. Of those that "
    "cannot be told apart from the best, the cheapest is taken: by steps of training, then by "
    "parameters."
)


@dataclass(frozen=True)
class Candidate:
    """A setting or a baseline with its validation figures, means where it has several seeds.

    Args:
        name: what tells it from the others.
        runs: the runs that it stands for.
        accuracy, low, high: of the validation rows, with the ends of the 95 % interval.
        steps, parameters: what it costs; None where it is not known.
        predictions: by seed, what its runs said of their validation rows; none where it was not
            kept.
    """

    name: str
    runs: tuple[str, ...]
    accuracy: float
    low: float
    high: float
    steps: float | None
    parameters: float | None
    predictions: Mapping[Any, Predictions] | None = None

    @property
    def cost(self) -> tuple[float, float]:
        """The order of cheapness; an unknown cost comes last."""
        return tuple(inf if c is None else c for c in (self.steps, self.parameters))

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON, without the predictions."""
        names = ("name", "runs", "accuracy", "low", "high", "steps", "parameters")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Difference:
    """By how much the best is more accurate than another.

    Args:
        mean, low, high: the difference with its 95 % interval.
        rows: that both were measured on, over all seeds; 0 where they have none in common.
    """

    mean: float
    low: float
    high: float
    rows: int

    @property
    def told(self) -> bool:
        """Whether it lies beyond chance."""
        return self.low > 0


@dataclass(frozen=True)
class Recommendation:
    """What `recommend` found.

    Args:
        taken: the recommended candidate.
        best: the one of the highest accuracy.
        equal: the names of all that cannot be told apart from the best, cheapest first.
        reason: the choice in a sentence, with its numbers.
    """

    taken: Candidate
    best: Candidate
    equal: tuple[str, ...]
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON, with the rule."""
        return {
            "taken": self.taken.as_dict(),
            "best": self.best.as_dict(),
            "equal": self.equal,
            "reason": self.reason,
            "rule": RULE,
        }


def recommend(candidates: Sequence[Candidate], units: str = "rows") -> Recommendation | None:
    """Chooses by `RULE`; None where there is nothing to choose between.

    Of equal accuracies the cheaper is the best, so that the order of the candidates is nothing.

    Args:
        candidates: with figures of the same validation part, or at least of the same task.
        units: what the rows are: texts or images.
    """
    if len(candidates) < 2:
        return None
    best = min(candidates, key=lambda c: (-c.accuracy, c.cost, c.name))
    differences = {c.name: difference(best, c) for c in candidates if c is not best}
    equal = sorted(
        (c for c in candidates if c is best or not differences[c.name].told),
        key=lambda c: (c.cost, -c.accuracy, c.name),
    )
    taken = equal[0]
    reason = _reason(taken, best, equal, differences, units)
    return Recommendation(taken, best, tuple(c.name for c in equal), reason)


def difference(best: Candidate, other: Candidate) -> Difference:
    """How much more accurate one candidate is than another, on the same rows where there are any.

    Rows of several seeds are taken together, each pair of runs being of one seed.
    """
    pairs = _pairs(best, other)
    if not pairs:
        mean = best.accuracy - other.accuracy
        half = hypot(best.high - best.low, other.high - other.low) / 2
        return Difference(mean, mean - half, mean + half, 0)
    right, other_right = (
        np.concatenate([part.predicted == part.labels for part in parts])
        for parts in zip(*pairs, strict=True)
    )
    mean, (low, high) = paired_difference(right, other_right)
    return Difference(mean, low, high, len(right))


def _pairs(best: Candidate, other: Candidate) -> list[tuple[Predictions, Predictions]]:
    """What both said of the same rows, a pair a seed; none where a run has no partner."""
    ours, theirs = best.predictions or {}, other.predictions or {}
    if not ours or set(ours) != set(theirs):
        return []
    pairs = [(ours[seed], theirs[seed]) for seed in ours]
    return pairs if all(same_rows(*pair) for pair in pairs) else []


def same_rows(predictions: Predictions, reference: Predictions) -> bool:
    """Whether both are of the same examples with the same labels in the same order."""
    return (
        predictions.classes == reference.classes
        and np.array_equal(predictions.examples, reference.examples)
        and np.array_equal(predictions.labels, reference.labels)
    )


def candidate(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    predictions: Mapping[str, Predictions] | None = None,
) -> Candidate | None:
    """A candidate of rows of a comparison that differ in their seed alone.

    The interval's ends are means too: it is the one of a single seed's rows, not of the mean.

    Args:
        name: what to call it.
        rows: at least one; those without a validation accuracy do not count.
        predictions: of validation rows, by run; the candidate has them if all its runs do.

    Returns:
        None where no row has a validation accuracy.
    """
    rows = [row for row in rows if tables.finite(row["validation"]["accuracy"]) is not None]
    if not rows:
        return None
    accuracies = [row["validation"]["accuracy"] for row in rows]
    ends = [
        row["validation"]["accuracy_interval"] or (accuracy, accuracy)
        for row, accuracy in zip(rows, accuracies, strict=True)
    ]
    low, high = (fmean(end) for end in zip(*ends, strict=True))
    known = {row["seed"]: (predictions or {}).get(row["run"]) for row in rows}
    return Candidate(
        f"{name} (mean of {len(rows)} runs)" if len(rows) > 1 else name,
        tuple(row["run"] for row in rows),
        fmean(accuracies),
        low,
        high,
        _mean([row["training"]["steps"] for row in rows]),
        _mean([row["training"]["parameters"] for row in rows]),
        known if None not in known.values() else None,
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if tables.finite(value) is not None]
    return fmean(known) if known else None


def _reason(
    taken: Candidate,
    best: Candidate,
    equal: Sequence[Candidate],
    differences: Mapping[str, Difference],
    units: str,
) -> str:
    if taken == best:
        interval = f"{best.accuracy:.3f} [{best.low:.3f}, {best.high:.3f}]"
        head = f"Take {taken.name}: its validation accuracy, {interval}, is the best"
        if len(equal) == 1:
            return f"{head}, and every other is worse beyond chance."
        return f"{head}; {_others(best, equal)}, and it is the cheapest of them: {_cost(taken)}."
    found = differences[taken.name]
    on = f"on {found.rows:,} {units} " if found.rows else "by their separate intervals "
    points = " to ".join(f"{100 * end:+.1f}" for end in (found.low, found.high))
    return (
        f"Take {taken.name}: {on}it cannot be told apart from {best.name}, whose validation "
        f"accuracy is the best ({best.accuracy:.3f}, here {taken.accuracy:.3f}: "
        f"{100 * found.mean:+.1f} points, 95 % {points}), and it is cheaper: {_cost(taken)} "
        f"instead of {_cost(best)}."
    )


def _others(best: Candidate, equal: Sequence[Candidate]) -> str:
    names = [c.name for c in equal if c != best]
    who = names[0] if len(names) == 1 else f"{len(names)} others"
    return f"{who} cannot be told apart from it"


def _cost(candidate: Candidate) -> str:
    steps = "no training" if candidate.steps == 0 else f"{tables.count(candidate.steps)} steps"
    return f"{steps} and {tables.count(candidate.parameters)} parameters"

"""Which of some runs to take: the cheapest of those that are as good as the best."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf
from statistics import fmean
from typing import Any

from kerastc.report import tables

RULE = (
    "Validation figures alone decide. Whatever reaches the lower end of the 95 % interval of the "
    "best accuracy counts as equal to it; of the equal ones the cheapest is taken, by seconds of "
    "training, then by parameters."
)


@dataclass(frozen=True)
class Candidate:
    """A setting or a baseline with its validation figures, means where it has several seeds.

    Args:
        name: what tells it from the others.
        runs: the runs that it stands for.
        accuracy, low, high: of the validation rows, with the ends of the 95 % interval.
        seconds, parameters: what it costs; None where it is not known.
    """

    name: str
    runs: tuple[str, ...]
    accuracy: float
    low: float
    high: float
    seconds: float | None
    parameters: float | None

    @property
    def cost(self) -> tuple[float, float]:
        """The order of cheapness; an unknown cost comes last."""
        return tuple(inf if c is None else c for c in (self.seconds, self.parameters))


@dataclass(frozen=True)
class Recommendation:
    """What `recommend` found.

    Args:
        taken: the recommended candidate.
        best: the one of the highest accuracy.
        equal: the names of all that count as equal to the best, cheapest first.
        reason: the choice in a sentence, with its numbers.
    """

    taken: Candidate
    best: Candidate
    equal: tuple[str, ...]
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON, with the rule."""
        return {**asdict(self), "rule": RULE}


def recommend(candidates: Sequence[Candidate]) -> Recommendation | None:
    """Chooses by `RULE`; None where there is nothing to choose between.

    Of equal accuracies the cheaper is the best, so that the order of the candidates is nothing.
    """
    if len(candidates) < 2:
        return None
    best = min(candidates, key=lambda c: (-c.accuracy, c.cost, c.name))
    equal = sorted(
        (c for c in candidates if c.accuracy >= best.low),
        key=lambda c: (c.cost, -c.accuracy, c.name),
    )
    taken = equal[0]
    return Recommendation(taken, best, tuple(c.name for c in equal), _reason(taken, best, equal))


def candidate(name: str, rows: Sequence[Mapping[str, Any]]) -> Candidate | None:
    """A candidate of rows of a comparison that differ in their seed alone.

    The interval's ends are means too: it is the one of a single seed's rows, not of the mean.

    Args:
        name: what to call it.
        rows: at least one; those without a validation accuracy do not count.

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
    return Candidate(
        f"{name} (mean of {len(rows)} runs)" if len(rows) > 1 else name,
        tuple(row["run"] for row in rows),
        fmean(accuracies),
        low,
        high,
        _mean([row["training"]["seconds"] for row in rows]),
        _mean([row["training"]["parameters"] for row in rows]),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if tables.finite(value) is not None]
    return fmean(known) if known else None


def _reason(taken: Candidate, best: Candidate, equal: Sequence[Candidate]) -> str:
    interval = f"[{best.low:.3f}, {best.high:.3f}]"
    if taken == best:
        head = f"Take {taken.name}: its validation accuracy, {best.accuracy:.3f} {interval}, is the"
        if len(equal) == 1:
            return f"{head} best, and nothing else reaches its 95 % interval."
        return (
            f"{head} best, and of the {len(equal)} within its 95 % interval it is the cheapest: "
            f"{_cost(taken)}."
        )
    return (
        f"Take {taken.name}: its validation accuracy, {taken.accuracy:.3f}, lies within the 95 % "
        f"interval of the best, {best.accuracy:.3f} {interval} by {best.name}, and it is the "
        f"cheapest of the {len(equal)} that do: {_cost(taken)} instead of {_cost(best)}."
    )


def _cost(candidate: Candidate) -> str:
    return (
        f"{tables.duration(candidate.seconds)} of training and "
        f"{tables.count(candidate.parameters)} parameters"
    )

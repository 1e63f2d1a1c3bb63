"""Which run to take: the cheapest of those shown to be nearly as good as the best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import hypot, inf
from statistics import fmean
from typing import Any

import numpy as np

from kerastc import formatting
from kerastc.scores import pairs
from kerastc.scores.figures import Answered, Counts, Figure

# How much worse than the best a cheaper model may be, with 95 % confidence: 2 points of a share,
# 0.02 of any other figure. "No significant difference" is not enough: few rows show no difference.
MARGIN = 0.02
RULE = (
    "Validation figures alone decide. Models are compared in pairs on the same rows (paired "
    "bootstrap, 95 %); where they have none in common, by their separate intervals. Of those that "
    "cannot be told apart from the best, and lose at most 2 points to it at the interval's end "
    "(0.02 of loss), the cheapest is taken: by steps of training, then by parameters."
)


@dataclass(frozen=True)
class Candidate:
    """A setting or a baseline with its validation figures; means for several seeds.

    Args:
        name: distinguishes it from the others.
        runs: its runs.
        value, low, high: on the validation rows, with the ends of the 95 % interval.
        steps, parameters: its costs; None if unknown.
        figure: what decides.
        output: of the task, which can count predictions; None if there are none.
        predictions: by seed, its runs' answers for their validation rows; empty if not kept.
    """

    name: str
    runs: tuple[str, ...]
    value: float
    low: float
    high: float
    steps: float | None
    parameters: float | None
    figure: Figure
    output: Counts | None = None
    predictions: Mapping[Any, Answered] | None = None

    @property
    def cost(self) -> tuple[float, float]:
        """The sort key by cost; unknown costs come last."""
        return tuple(inf if c is None else c for c in (self.steps, self.parameters))

    @property
    def loss(self) -> float:
        """The figure, signed so that less is better."""
        return -self.figure.sign * self.value

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON, without the predictions."""
        names = ("name", "runs", "low", "high", "steps", "parameters")
        return {self.figure.name: self.value} | {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Difference:
    """How much better the best is than another.

    Args:
        mean, low, high: the difference with its 95 % interval.
        rows: distinct ones on which both were measured; 0 if they share none.
    """

    mean: float
    low: float
    high: float
    rows: int

    @property
    def told(self) -> bool:
        """Whether it is beyond chance."""
        return self.low > 0


@dataclass(frozen=True)
class Recommendation:
    """The result of `recommend`.

    Args:
        taken: the recommended candidate.
        best: the one with the best figure.
        equal: the names of all that are indistinguishable from the best, cheapest first.
        reason: the choice in a sentence, with its numbers.
        candidates: all those considered.
    """

    taken: Candidate
    best: Candidate
    equal: tuple[str, ...]
    reason: str
    candidates: tuple[Candidate, ...] = field(default=(), compare=False)

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
    """Chooses by `RULE`; None if there is nothing to choose between.

    Of equal figures the cheaper is the best, so that the order of the candidates does not matter.

    Args:
        candidates: of one figure, of the same validation part or at least of the same task.
        units: what several rows are called.
    """
    if len(candidates) < 2:
        return None
    best = min(candidates, key=lambda c: (c.loss, c.cost, c.name))
    differences = {c.name: difference(best, c) for c in candidates if c is not best}
    equal = sorted(
        (c for c in candidates if c is best or not differences[c.name].told),
        key=lambda c: (c.cost, c.loss, c.name),
    )
    taken = next(c for c in equal if c is best or differences[c.name].high <= MARGIN)
    reason = _reason(taken, best, equal, differences, units)
    return Recommendation(taken, best, tuple(c.name for c in equal), reason, tuple(candidates))


def difference(best: Candidate, other: Candidate) -> Difference:
    """How much better one candidate is than another, on the same rows if there are any.

    The mean over seeds; each pair of runs has one seed.
    """
    sign = best.figure.sign
    found = _pairs(best, other)
    if not found:
        mean = sign * (best.value - other.value)
        half = hypot(best.high - best.low, other.high - other.low) / 2
        return Difference(mean, mean - half, mean + half, 0)
    judged = [tuple(pairs.Judged(best.output, one) for one in pair) for pair in found]
    mean, interval = pairs.difference(best.figure, judged)
    low, high = sorted(sign * end for end in interval)
    rows = len({_key(example) for ours, _ in found for example in ours.examples})
    return Difference(sign * mean, low, high, rows)


def _pairs(best: Candidate, other: Candidate) -> list[tuple[Answered, Answered]]:
    """Both candidates' answers for the same rows, one pair per seed; empty without a partner."""
    ours, theirs = best.predictions or {}, other.predictions or {}
    if not ours or set(ours) != set(theirs):
        return []
    found = [(ours[seed], theirs[seed]) for seed in ours]
    return found if all(same_rows(*pair) for pair in found) else []


def same_rows(predictions: Answered, reference: Answered) -> bool:
    """Whether both have the same examples with the same labels in the same order."""
    return np.array_equal(predictions.examples, reference.examples) and _alike(
        predictions.truth, reference.truth
    )


def _key(example: Any) -> Any:
    """An example, or its columns, in a hashable form."""
    return example if isinstance(example, str) else tuple(example)


def _alike(truth: Any, other: Any) -> bool:
    """Whether labels are equal: an array, or one for each row."""
    if isinstance(truth, np.ndarray):
        return np.array_equal(truth, other)
    return len(truth) == len(other) and all(map(np.array_equal, truth, other))


def candidate(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    figure: Figure,
    output: Counts | None = None,
    predictions: Mapping[str, Answered] | None = None,
) -> Candidate | None:
    """A candidate from rows of a comparison that differ only in their seed.

    The interval's ends are means too: it is that of a single seed's rows, not of the mean.

    Args:
        name: what to call it.
        rows: at least one; those without the validation figure do not count.
        figure: of validation, which decides.
        output: of the task, which can count predictions.
        predictions: for validation rows, by run; the candidate has them if all its runs do.

    Returns:
        None if no row has the validation figure.
    """
    rows = [row for row in rows if formatting.finite(row["validation"][figure.name]) is not None]
    if not rows:
        return None
    values = [row["validation"][figure.name] for row in rows]
    ends = [
        row["validation"].get(f"{figure.name}_interval") or (value, value)
        for row, value in zip(rows, values, strict=True)
    ]
    low, high = (fmean(end) for end in zip(*ends, strict=True))
    known = {row["seed"]: (predictions or {}).get(row["run"]) for row in rows}
    return Candidate(
        f"{name} (mean of {len(rows)} runs)" if len(rows) > 1 else name,
        tuple(row["run"] for row in rows),
        fmean(values),
        low,
        high,
        _mean([row["training"]["steps"] for row in rows]),
        _mean([row["training"]["parameters"] for row in rows]),
        figure,
        output,
        known if None not in known.values() else None,
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if formatting.finite(value) is not None]
    return fmean(known) if known else None


def _reason(
    taken: Candidate,
    best: Candidate,
    equal: Sequence[Candidate],
    differences: Mapping[str, Difference],
    units: str,
) -> str:
    figure = best.figure.label
    if taken == best:
        interval = f"{best.value:.3f} [{best.low:.3f}, {best.high:.3f}]"
        shown = interval if best.low < best.high else f"{best.value:.3f}"
        head = f"Take {taken.name}: its validation {figure}, {shown}, is the best"
        if len(equal) == 1:
            return f"{head}, and every other is worse beyond chance."
        if equal[0] is best:
            others = _others(best, equal)
            return f"{head}; {others}, and it is the cheapest of them: {_cost(taken)}."
        cheap = equal[0]
        found = differences[cheap.name]
        return (
            f"{head}. {_on(found, units)}{cheap.name} cannot be told apart from it "
            f"({_interval(found, best.figure)}) and is cheaper, {_cost(cheap)} instead of "
            f"{_cost(best)}, but may be that much worse; more rows would tell."
        )
    found = differences[taken.name]
    on = _on(found, units)
    return (
        f"Take {taken.name}: {on[0].lower()}{on[1:]}it cannot be told apart from {best.name}, "
        f"whose validation {figure} is the best ({best.value:.3f}, here {taken.value:.3f}: "
        f"{_interval(found, best.figure)}), and it is cheaper: {_cost(taken)} instead of "
        f"{_cost(best)}."
    )


def _on(found: Difference, units: str) -> str:
    return f"On {found.rows:,} {units} " if found.rows else "By their separate intervals "


def _interval(found: Difference, figure: Figure) -> str:
    """How much better the best is: `+0.4 points, 95 % -0.2 to +1.1`."""
    scale, unit, form = (100, " points", "+.1f") if figure.share else (1, "", "+.3f")
    mean, low, high = (f"{scale * end:{form}}" for end in (found.mean, found.low, found.high))
    return f"{mean}{unit}, 95 % {low} to {high}"


def _others(best: Candidate, equal: Sequence[Candidate]) -> str:
    names = [c.name for c in equal if c != best]
    who = names[0] if len(names) == 1 else f"{len(names)} others"
    return f"{who} cannot be told apart from it"


def _cost(candidate: Candidate) -> str:
    steps = "no training" if candidate.steps == 0 else f"{formatting.count(candidate.steps)} steps"
    return f"{steps} and {formatting.count(candidate.parameters)} parameters"

"""Which of some models are worth their cost, and which to take for size, latency or accuracy."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kerastc import formatting
from kerastc.scores.pairs import points, shown

# What a model costs, the key of a row that says it, how it is written, and who costs less.
COSTS = {
    "size": ("bytes", formatting.size, "smaller"),
    "latency": ("latency_p50_ms", formatting.milliseconds, "faster"),
    "memory": ("peak_memory_bytes", formatting.size, "lighter"),
}
GOALS = (*COSTS, "accuracy")
# Which of several models costs least, in words.
LEAST = {
    "size": "the one of the smallest file",
    "latency": "the one of the lowest measured p50 latency (the smaller file where the rounds of "
    "the measurement differ by more)",
    "memory": "the one of the lowest measured peak memory",
}


def judged(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The figures of a model on the rows that it is judged on: test, or validation after folds.

    Args:
        row: of the account.
    """
    return row[row.get("judged_on", "test")]


def dominators(points: np.ndarray) -> list[list[int]]:
    """For each point the points that dominate it: nowhere higher, and somewhere lower.

    Args:
        points: (n, objectives) float; lower is better in each.
    """
    points = np.asarray(points, dtype=np.float64)
    no_higher = (points[:, None] <= points[None]).all(axis=-1)
    lower = (points[:, None] < points[None]).any(axis=-1)
    return [np.flatnonzero(column).tolist() for column in (no_higher & lower).T]


def dominated(rows: Sequence[Mapping[str, Any]], costs: Sequence[str]) -> dict[str, list[str]]:
    """The models that others dominate in test accuracy and some costs, and which ones do.

    Args:
        rows: of the account; those without an accuracy or one of the costs do not count.
        costs: of `COSTS`.

    Returns:
        for each model that counts, cheapest first, the models that dominate it; none of the front.
    """
    points = {
        row["model"]: [-judged(row)["accuracy"], *(row[COSTS[cost][0]] for cost in costs)]
        for row in rows
        if row["comparable"]
    }
    points = {
        model: point
        for model, point in points.items()
        if all(formatting.finite(value) is not None for value in point)
    }
    if not points:
        return {}
    models = sorted(points, key=lambda model: (points[model][1:], points[model][0]))
    found = dominators(np.array([points[model] for model in models]))
    return {
        model: [models[i] for i in indices] for model, indices in zip(models, found, strict=True)
    }


@dataclass(frozen=True)
class Choice:
    """The model that is recommended for a goal.

    Args:
        goal: of `GOALS`.
        model: its name.
        gain: what is won by it; empty for accuracy.
        evidence: its accuracy; empty where the original is kept for want of a better one.
    """

    goal: str
    model: str
    gain: str
    evidence: str

    @property
    def reason(self) -> str:
        """The choice in a sentence, with its numbers."""
        return advice([self])[0]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self) | {"reason": self.reason}


def advice(choices: Iterable[Choice]) -> list[str]:
    """The choices in sentences, one a model: what it is recommended for, gains, and evidence."""
    groups: dict[tuple[str, str], list[Choice]] = {}
    for choice in choices:
        groups.setdefault((choice.model, choice.evidence), []).append(choice)
    sentences = []
    for (model, evidence), group in groups.items():
        goals = " and ".join(", ".join(choice.goal for choice in group).rsplit(", ", 1))
        facts = [choice.gain for choice in group] + [evidence]
        what = f"take {model}" if evidence else "keep the original"
        sentences.append(f"For {goals}, {what}: {'; '.join(filter(None, facts))}.")
    return sentences


def rule(within: float, part: str, tested: bool = True) -> str:
    """How `choose` chooses, in words; `tested`: whether there are test figures, too."""
    by_cost = ", ".join(f"{words} is taken for {goal}" for goal, words in LEAST.items())
    apart = part == "validation" and tested
    untouched = " The test figures shown had no part in it." * apart
    return (
        f"Of the models that are {shown(within, 'accuracy', part)}, {by_cost}; where there is "
        f"none, the original. For accuracy the one of the highest {part} accuracy, and of equals "
        f"the smallest file.{untouched}"
    )


def deciding_part(original: Mapping[str, Any]) -> str:
    """The part that decides: validation, or test where the original has no validation figures."""
    return "test" if formatting.finite(original["validation"]["accuracy"]) is None else "validation"


def choose(rows: Sequence[Mapping[str, Any]], within: float) -> dict[str, Choice]:
    """Chooses by `rule`; the original is the first row.

    Args:
        rows: of the account; those of the `deciding_part` with their `least_difference`.
        within: the accuracy that may be lost, 0 to 1.

    Returns:
        the choice for each goal that some model has figures for.
    """
    original = rows[0]
    part = deciding_part(original)
    known = [
        row
        for row in rows
        if row["comparable"] and formatting.finite(row[part]["accuracy"]) is not None
    ]
    if len(known) < 2 or formatting.finite(original[part]["accuracy"]) is None:
        return {}
    choices = {}
    for goal, (key, *_) in COSTS.items():
        measured = [row for row in known if formatting.finite(row[key]) is not None]
        allowed = [row for row in measured if row is original or _least(row, part) >= -within]
        if allowed:
            taken = _cheapest(allowed, goal, original)
            cheaper = [row for row in measured if row[key] < taken[key]]
            choices[goal] = _choice(goal, taken, original, part, cheaper, within)
    best = min(
        known, key=lambda row: (-row[part]["accuracy"], row["bytes"] or np.inf, row["model"])
    )
    choices["accuracy"] = _choice("accuracy", best, original, part)
    return choices


def _least(row: Mapping[str, Any], part: str) -> float:
    """The least by which a model's accuracy may differ from the original's."""
    found = formatting.finite(row[part]["least_difference"])
    return -np.inf if found is None else found


def _cheapest(
    rows: Sequence[Mapping[str, Any]], goal: str, original: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The row of least cost; of latencies within the spread of their rounds, the smaller file."""
    key = COSTS[goal][0]
    first = min(rows, key=lambda row: row[key])
    near = [row for row in rows if row[key] == first[key]]
    if goal == "latency":
        spread = "latency_spread_ms"
        near = [
            row
            for row in rows
            if row[key] - first[key] <= max(row[spread] or 0, first[spread] or 0)
        ]

    def place(row: Mapping[str, Any]) -> tuple:
        return row["bytes"] or np.inf, row is not original, row[key], row["model"]

    return min(near, key=place)


def _choice(
    goal: str,
    taken: Mapping[str, Any],
    original: Mapping[str, Any],
    part: str,
    cheaper: Sequence[Mapping[str, Any]] = (),
    within: float = 0.0,
) -> Choice:
    gain = ""
    if goal in COSTS:
        key, form, better = COSTS[goal]
        if taken is original:
            gain = _why_kept(better, part, cheaper, within)
            return Choice(goal, taken["model"], gain, "")
        gain = form(taken[key])
        if formatting.finite(original[key]) is not None:
            gain += f", {original[key] / taken[key]:.3g} times {better} than the original"
    figures = [f"{part} accuracy {formatting.number(taken[part]['accuracy'])}"]
    if formatting.finite(taken[part]["difference"]) is not None:
        figures[0] += f" ({_bound_words(taken[part])})"
    if part == "validation" and judged(taken) is taken["test"]:
        figures.append(f"test {formatting.number(taken['test']['accuracy'])}")
    evidence = ", ".join(figures)
    if judged(taken)["difference"] is not None and taken is not original:
        evidence += f" ({loss_words(judged(taken))})"
    return Choice(goal, taken["model"], gain, evidence)


def _why_kept(better: str, part: str, cheaper: Sequence[Mapping[str, Any]], within: float) -> str:
    """Why the original is kept, and which model comes nearest to taking its place."""
    if not cheaper:
        return f"no model is {better}"
    told = f"no {better} model is shown to lose at most {points(within)}"
    if rows := cheaper[0][part]["rows"]:
        told = f"on {rows:,} {part} rows {told}"
    nearest = max(cheaper, key=lambda row: _least(row, part))
    if formatting.finite(nearest[part]["difference"]) is None:
        return told
    return f"{told}, {nearest['model']} coming nearest ({_bound_words(nearest[part])})"


def _bound_words(figures: Mapping[str, Any]) -> str:
    """By how much a model differs from the original on the deciding rows, where both are known."""
    difference, least = figures["difference"], figures["least_difference"]
    return f"{difference:+.3f}, {least:+.3f} at the worst"


def loss_words(figures: Mapping[str, Any]) -> str:
    """A difference to the original in words: how large, in which interval, whether it is real.

    Args:
        figures: of a part of a row: `difference` and `difference_interval`.
    """
    low, high = figures["difference_interval"]
    verdict = "a real loss" if high < 0 else "a real gain" if low > 0 else "within chance"
    return f"{figures['difference']:+.3f}, 95 % {low:+.3f} to {high:+.3f}: {verdict}"

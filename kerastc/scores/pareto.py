"""Which models are worth their cost, and which to take for size, latency or their figure.

The figure is the one by which a task's models are compared, such as accuracy.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastc import formatting
from kerastc.scores.figures import Figure
from kerastc.scores.pairs import amount, shown

# Kinds of cost: the key in a row, how it is written, and a word for a model that costs less.
COSTS = {
    "size": ("bytes", formatting.size, "smaller"),
    "latency": ("latency_p50_ms", formatting.milliseconds, "faster"),
    "memory": ("peak_memory_bytes", formatting.size, "lighter"),
}
# Words for the model that costs least.
LEAST = {
    "size": "the one of the smallest file",
    "latency": "the one of the lowest measured p50 latency (the smaller file where the rounds of "
    "the measurement differ by more)",
    "memory": "the one of the lowest measured peak memory",
}


def judged(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A model's figures on the rows that it is judged on: test, or validation if there are none.

    Args:
        row: of the account.
    """
    return row[row.get("judged_on", "test")]


def dominators(points: np.ndarray) -> list[list[int]]:
    """For each point those that dominate it: nowhere higher, and somewhere lower.

    Args:
        points: (n, objectives) float; lower is better in each.
    """
    points = np.asarray(points, dtype=np.float64)
    no_higher = (points[:, None] <= points[None]).all(axis=-1)
    lower = (points[:, None] < points[None]).any(axis=-1)
    return [np.flatnonzero(column).tolist() for column in (no_higher & lower).T]


def dominated(
    rows: Sequence[Mapping[str, Any]], costs: Sequence[str], figure: Figure
) -> dict[str, list[str]]:
    """The models that others dominate in a test figure and some costs, and which ones do.

    Args:
        rows: of the account; those without the figure or one of the costs do not count.
        costs: of `COSTS`.
        figure: of the task.

    Returns:
        for each model that counts, cheapest first, the models that dominate it; empty on the front.
    """
    points = {
        row["model"]: [
            -figure.sign * judged(row)[figure.name],
            *(row[COSTS[cost][0]] for cost in costs),
        ]
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
        goal: of `COSTS`, or the name of the figure.
        model: its name.
        gain: what it saves; empty if the figure is the goal.
        evidence: its figure; empty if the original is kept for want of a better model.
    """

    goal: str
    model: str
    gain: str
    evidence: str
    figure: Figure

    @property
    def label(self) -> str:
        """The goal's name for readers."""
        return self.figure.label if self.goal == self.figure.name else self.goal

    @property
    def reason(self) -> str:
        """The choice in a sentence, with its numbers."""
        return advice([self])[0]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        names = ("goal", "model", "gain", "evidence", "reason")
        return {name: getattr(self, name) for name in names}


def advice(choices: Iterable[Choice]) -> list[str]:
    """The choices in sentences, one per model: what it is recommended for, gains, and evidence."""
    groups: dict[tuple[str, str], list[Choice]] = {}
    for choice in choices:
        groups.setdefault((choice.model, choice.evidence), []).append(choice)
    sentences = []
    for (model, evidence), group in groups.items():
        goals = " and ".join(", ".join(choice.label for choice in group).rsplit(", ", 1))
        facts = [choice.gain for choice in group] + [evidence]
        what = f"take {model}" if evidence else "keep the original"
        sentences.append(f"For {goals}, {what}: {'; '.join(filter(None, facts))}.")
    return sentences


def rule(within: float, part: str, figure: Figure, tested: bool = True) -> str:
    """How `choose` works, in words; `tested`: whether there are test figures, too."""
    by_cost = ", ".join(f"{words} is taken for {goal}" for goal, words in LEAST.items())
    best = "highest" if figure.higher else "lowest"
    apart = part == "validation" and tested
    untouched = " The test figures shown had no part in it." * apart
    return (
        f"Of the models that are {shown(within, figure, part)}, {by_cost}; where there is "
        f"none, the original. For {figure.label} the one of the {best} {part} {figure.label}, and "
        f"of equals the smallest file.{untouched}"
    )


def deciding_part(original: Mapping[str, Any], figure: Figure) -> str:
    """The part that decides: validation, or test if the original has no validation figures."""
    known = formatting.finite(original["validation"][figure.name]) is not None
    return "validation" if known else "test"


def choose(rows: Sequence[Mapping[str, Any]], within: float, figure: Figure) -> dict[str, Choice]:
    """Chooses by `rule`; the original is the first row.

    Args:
        rows: of the account; those of the `deciding_part` with their `least_difference`.
        within: how much of the figure may be lost; 0 to 1 for a share.
        figure: of the task.

    Returns:
        the choice for each goal for which some model has figures.
    """
    original = rows[0]
    part = deciding_part(original, figure)
    known = [
        row
        for row in rows
        if row["comparable"] and formatting.finite(row[part][figure.name]) is not None
    ]
    if len(known) < 2 or formatting.finite(original[part][figure.name]) is None:
        return {}
    choices = {}
    for goal, (key, *_) in COSTS.items():
        measured = [row for row in known if formatting.finite(row[key]) is not None]
        allowed = [
            row for row in measured if row is original or _least(row, part, figure) >= -within
        ]
        if allowed:
            taken = _cheapest(allowed, goal, original)
            cheaper = [row for row in measured if row[key] < taken[key]]
            choices[goal] = _choice(goal, taken, original, part, figure, cheaper, within)

    def worse(row: Mapping[str, Any]) -> tuple:
        return -figure.sign * row[part][figure.name], row["bytes"] or np.inf, row["model"]

    choices[figure.name] = _choice(figure.name, min(known, key=worse), original, part, figure)
    return choices


def _least(row: Mapping[str, Any], part: str, figure: Figure) -> float:
    """The least by which a model may be better than the original; below zero: worse."""
    found = formatting.finite(row[part]["least_difference"])
    return -np.inf if found is None else figure.sign * found


def _cheapest(
    rows: Sequence[Mapping[str, Any]], goal: str, original: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The cheapest row; of latencies within the spread of their rounds, the smaller file."""
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
    figure: Figure,
    cheaper: Sequence[Mapping[str, Any]] = (),
    within: float = 0.0,
) -> Choice:
    gain = ""
    if goal in COSTS:
        key, form, better = COSTS[goal]
        if taken is original:
            gain = _why_kept(better, part, figure, cheaper, within)
            return Choice(goal, taken["model"], gain, "", figure)
        gain = form(taken[key])
        if formatting.finite(original[key]) is not None:
            gain += f", {original[key] / taken[key]:.3g} times {better} than the original"
    name = figure.name
    figures = [f"{part} {figure.label} {formatting.number(taken[part][name])}"]
    if formatting.finite(taken[part]["difference"]) is not None:
        figures[0] += f" ({_bound_words(taken[part])})"
    if part == "validation" and judged(taken) is taken["test"]:
        figures.append(f"test {formatting.number(taken['test'][name])}")
    evidence = ", ".join(figures)
    if judged(taken)["difference"] is not None and taken is not original:
        evidence += f" ({loss_words(judged(taken), figure)})"
    return Choice(goal, taken["model"], gain, evidence, figure)


def _why_kept(
    better: str, part: str, figure: Figure, cheaper: Sequence[Mapping[str, Any]], within: float
) -> str:
    """Why the original is kept, and which model comes nearest to replacing it."""
    if not cheaper:
        return f"no model is {better}"
    told = f"no {better} model is shown to lose at most {amount(within, figure)}"
    if rows := cheaper[0][part]["rows"]:
        told = f"on {rows:,} {part} rows {told}"
    nearest = max(cheaper, key=lambda row: _least(row, part, figure))
    if formatting.finite(nearest[part]["difference"]) is None:
        return told
    return f"{told}, {nearest['model']} coming nearest ({_bound_words(nearest[part])})"


def _bound_words(figures: Mapping[str, Any]) -> str:
    """How much a model differs from the original on the deciding rows, if both are known."""
    difference, least = figures["difference"], figures["least_difference"]
    return f"{difference:+.3f}, {least:+.3f} at the worst"


def loss_words(figures: Mapping[str, Any], figure: Figure) -> str:
    """A difference from the original in words: its size, interval, and whether it is real.

    Args:
        figures: of a part of a row: `difference` and `difference_interval`.
        figure: that differs.
    """
    low, high = figures["difference_interval"]
    worse, better = (high < 0, low > 0) if figure.higher else (low > 0, high < 0)
    verdict = "a real loss" if worse else "a real gain" if better else "within chance"
    return f"{figures['difference']:+.3f}, 95 % {low:+.3f} to {high:+.3f}: {verdict}"

"""The result of a search: its trials, their Pareto front, and the chosen one.

A chain is taken only if the validation rows show that it keeps to the budget: the most by which its
figure may be worse than the original's, bounded for all trials at once (see
`kerastc.scores.pairs`), is within the budget. Of those the cheapest is taken. With few rows nothing
can be shown, and the original stays: on 300, a chain that is right wherever the original is may
still lose a point.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.compress.search.budget import Budget
from kerastc.errors import UserError
from kerastc.scores.figures import Figure, named
from kerastc.scores.pairs import Judged, amount, least_differences, shown
from kerastc.scores.pareto import COSTS, LEAST, dominators

GOALS = tuple(COSTS)
FILE = ("exports", "model.tflite")  # in the folder of a trial, and of a run
ROUNDING = 1e-9  # accuracies are ratios of counts: a loss of exactly the budget is within it


@dataclass(frozen=True)
class Trial:
    """A chain of steps and its result.

    Args:
        words: the steps.
        folder: with its exported file.
        validation: figures of the file, with 95 % intervals where they have some.
        bytes: of the file.
        latency_p50_ms: per call on one thread.
        peak_memory_bytes: of the process that ran it.
        parameters: of the model.
        seconds: that its steps and measurement took, as if nothing had been shared.
        timed_together: whether the latency was measured side by side with others.
        latency_spread_ms: between the fastest and the slowest round.
        judged: the file's answer for each validation row.
    """

    words: tuple[str, ...]
    folder: Path
    validation: Mapping[str, Any]
    bytes: int
    latency_p50_ms: float
    peak_memory_bytes: int
    parameters: int
    seconds: float
    timed_together: bool = False
    latency_spread_ms: float = 0.0
    judged: Judged | None = field(default=None, compare=False, repr=False)

    def cost(self, goal: str) -> float:
        """What it costs, by one of `GOALS`."""
        return getattr(self, COSTS[goal][0])

    def as_dict(self) -> dict[str, Any]:
        """Everything but the rows."""
        values = asdict(replace(self, judged=None))
        del values["judged"]
        return values

    def __str__(self) -> str:
        return " ".join(self.words)


@dataclass(frozen=True)
class Search:
    """The state of a search.

    Args:
        run: the run that was compressed.
        original: validation figures of the first run of its line.
        judged: that run's answer for each validation row.
        budget: how much of them may be lost.
        goal: what to minimise, one of `GOALS`.
        trials: the finished ones, no two alike.
        failed: why the others failed, by their steps.
        result: the run made from the chosen trial, and its test figures.
    """

    run: Path
    original: Mapping[str, Any]
    judged: Judged
    budget: Budget
    goal: str
    trials: tuple[Trial, ...]
    failed: Mapping[str, str]
    result: Mapping[str, Any] | None = None

    @property
    def figure(self) -> Figure:
        """The figure that decides."""
        return named(self.judged.output.figures, self.budget.metric)

    def value(self, trial: Trial) -> float:
        """A trial's value of that figure."""
        return trial.validation[self.budget.metric]

    def difference(self, trial: Trial) -> float:
        """The figure minus the original's."""
        return self.value(trial) - self.original[self.budget.metric]

    def lost(self, difference: float) -> float:
        """How much worse a difference makes the figure; below zero if it is better."""
        return -self.figure.sign * difference

    def least(self, trial: Trial) -> float:
        """The worst-case difference, by a bound that holds for all trials at once."""
        return self._least[trial.words]

    @cached_property
    def _least(self) -> dict[tuple[str, ...], float]:
        found = self._bounds(self.trials)
        return {trial.words: bound for trial, bound in zip(self.trials, found, strict=True)}

    def least_alone(self, trial: Trial) -> float:
        """Like `least`, as if no other chain had been tried, so that it never changes."""
        return self._bounds([trial])[0]

    def _bounds(self, trials: Sequence[Trial]) -> list[float]:
        judged = [trial.judged for trial in trials]
        return least_differences(self.figure, self.judged, judged)

    def verdict(self, trial: Trial) -> str:
        """Whether a trial is shown to keep to the budget."""
        if self.lost(self.least(trial)) <= self.budget.loss:
            return "within"
        known = self.lost(self.difference(trial))
        return "not shown" if known <= self.budget.loss + ROUNDING else "too much"

    def of_verdict(self, verdict: str) -> list[Trial]:
        """The trials with a `verdict`, cheapest first.

        Latencies measured together are more reliable than those measured at different times,
        and come first.
        """

        def place(trial: Trial) -> tuple:
            cost = trial.cost(self.goal), trial.bytes
            return not trial.timed_together, *cost, self.lost(self.value(trial)), trial.words

        return sorted((t for t in self.trials if self.verdict(t) == verdict), key=place)

    @cached_property
    def within(self) -> list[Trial]:
        """The trials that are shown to keep to the budget, cheapest first."""
        return self.of_verdict("within")

    @property
    def chosen(self) -> Trial | None:
        """The cheapest within the budget; None if there is none.

        If latencies differ by less than their rounds do, the smaller file.
        """
        if not self.within or self.goal != "latency":
            return next(iter(self.within), None)
        first = self.within[0]
        equal = (
            trial
            for trial in self.within
            if trial.timed_together == first.timed_together
            and trial.latency_p50_ms - first.latency_p50_ms
            <= max(trial.latency_spread_ms, first.latency_spread_ms)
        )
        return min(
            equal, key=lambda t: (t.bytes, t.latency_p50_ms, self.lost(self.value(t)), t.words)
        )

    @property
    def nearest(self) -> Trial | None:
        """The trial that is shown to lose least."""
        return min(
            self.trials, key=lambda t: (self.lost(self.least(t)), t.cost(self.goal)), default=None
        )

    @property
    def rule(self) -> str:
        """How the chain is chosen, in a sentence."""
        return (
            f"Of the chains that are {shown(self.budget.loss, self.figure)}, "
            f"{LEAST[self.goal]} is taken. The test rows have no part in it."
        )

    @property
    def untold(self) -> str:
        """Which cheaper chains cannot be told apart from ones that lose too much."""
        chosen = self.chosen
        untold = [
            trial
            for trial in self.of_verdict("not shown")
            if chosen is None or trial.cost(self.goal) < chosen.cost(self.goal)
        ]
        if not untold:
            return ""
        first, form = untold[0], COSTS[self.goal][1]
        cheaper = "cheaper chains" if len(untold) > 1 else "cheaper chain"
        return (
            f"{len(untold)} {cheaper if chosen else cheaper.removeprefix('cheaper ')} cannot be "
            f"told apart on {len(self.judged):,} rows from a loss of more than "
            f"{amount(self.budget.loss, self.figure)}, such as {first}: "
            f"{form(first.cost(self.goal))}, {self.told(first)}."
        )

    def told(self, trial: Trial) -> str:
        """A trial's difference in words, with its bound."""
        difference, least = self.difference(trial), self.least(trial)
        if not self.figure.share:
            return f"{difference:+.3g}, {least:+.3g} at the worst"
        return f"{100 * difference:+.1f} points, {100 * least:+.1f} at the worst"

    @property
    def refusal(self) -> UserError | None:
        """What to tell the user if no trial is shown to keep to the budget."""
        if self.chosen is not None or self.nearest is None:
            return None
        figure, rows = self.figure.label, len(self.judged)
        chains = f"{len(self.trials)} chain{'s' * (len(self.trials) > 1)}"
        enough = np.ceil(1000 * self.lost(self.least(self.nearest))) / 1000
        return UserError(
            f"Keep the original: of {chains} none is shown to lose at most "
            f"{amount(self.budget.loss, self.figure)} of {figure} on {rows:,} validation rows. The "
            f"nearest, {self.nearest}: {self.told(self.nearest)}.",
            f"Where that is good enough: --within {self.budget.metric}={enough:g}. More validation "
            "rows can show more, and more --trials or --epochs can find better chains; what was "
            "tried is kept.",
        )

    @cached_property
    def front(self) -> list[Trial]:
        """The trials that no other dominates in figure and cost, cheapest first."""
        if not self.trials:
            return []
        points = np.array([[self.lost(self.value(t)), t.cost(self.goal)] for t in self.trials])
        by = dominators(points)
        found = [trial for trial, others in zip(self.trials, by, strict=True) if not others]
        return sorted(found, key=lambda t: (t.cost(self.goal), t.words))

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        values = {
            "run": self.run,
            "within": asdict(self.budget),
            "for": self.goal,
            "original": self.original,
            "rule": self.rule,
            "rows": len(self.judged),
            "trials": [
                trial.as_dict()
                | {
                    "difference": self.difference(trial),
                    "least_difference": self.least(trial),
                    "verdict": self.verdict(trial),
                }
                for trial in self.trials
            ],
            "failed": self.failed,
            "front": [trial.words for trial in self.front],
            "chosen": self.chosen and self.chosen.words,
            "result": self.result,
        }
        return json.loads(json.dumps(values, default=str))

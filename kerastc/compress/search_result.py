"""What a search has found: its trials, their Pareto front, and the one to take."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.errors import UserError, nearest
from kerastc.report.pareto import COSTS, dominators

METRICS = ("accuracy", "macro_f1")
GOALS = tuple(COSTS)
FILE = ("exports", "model.tflite")  # in the folder of a trial, and in that of a run
ROUNDING = 1e-9  # accuracies are ratios of counts: a loss of exactly the budget is within it


@dataclass(frozen=True)
class Budget:
    """How much of a figure may be lost on validation.

    Args:
        metric: one of `METRICS`.
        loss: 0 to 1.
    """

    metric: str
    loss: float

    @classmethod
    def parse(cls, word: str) -> "Budget":
        """Reads `accuracy=0.01`.

        Raises:
            UserError: for another metric, or a loss that is none.
        """
        metric, _, text = word.partition("=")
        if metric not in METRICS:
            raise UserError(
                f"--within {word}: there is no figure {metric!r}; there are: {', '.join(METRICS)}.",
                nearest(metric, METRICS) or "For example --within accuracy=0.01",
            )
        try:
            loss = float(text)
        except ValueError:
            loss = -1.0
        if not 0 <= loss < 1:
            raise UserError(
                f"--within {word}: {text or 'nothing'} is no loss; it is 0 or more, and below 1.",
                f"For example --within {metric}=0.01, which is one point in a hundred.",
            )
        return cls(metric, loss)

    def __str__(self) -> str:
        return f"{self.metric}={self.loss:g}"


@dataclass(frozen=True)
class Trial:
    """A chain of steps and what came of it.

    Args:
        words: the steps.
        folder: with its exported file.
        validation: accuracy and macro F1 of the file, each with its 95 % interval.
        bytes: of the file.
        latency_p50_ms: of a call on one thread.
        peak_memory_bytes: of the process that ran it.
        parameters: of the model.
        seconds: that its steps and its measuring took, as if nothing had been shared.
        timed_together: whether the latency is one of several that were measured side by side.
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

    def cost(self, goal: str) -> float:
        """What it costs, by one of `GOALS`."""
        return getattr(self, COSTS[goal][0])

    def __str__(self) -> str:
        return " ".join(self.words)


@dataclass(frozen=True)
class Search:
    """A search as it stands.

    Args:
        run: the run that was compressed.
        original: validation figures of the first run of its line.
        budget: what may be lost of them.
        goal: what shall be little, one of `GOALS`.
        trials: those that came to their end, no two alike.
        failed: why the others did not, by their steps.
        result: the run that was made of the chosen trial, and its test figures.
    """

    run: Path
    original: Mapping[str, Any]
    budget: Budget
    goal: str
    trials: tuple[Trial, ...]
    failed: Mapping[str, str]
    result: Mapping[str, Any] | None = None

    @property
    def floor(self) -> float:
        """The least that a chosen trial reaches on validation."""
        return self.original[self.budget.metric] - self.budget.loss

    def value(self, trial: Trial) -> float:
        """The figure that decides."""
        return trial.validation[self.budget.metric]

    def difference(self, trial: Trial) -> float:
        """The figure against that of the original; below zero where something is lost."""
        return self.value(trial) - self.original[self.budget.metric]

    @cached_property
    def within(self) -> list[Trial]:
        """The trials that stay within the budget, those of least cost first.

        Latencies that were measured at different times say less than those measured together,
        which come before them.
        """

        def place(trial: Trial) -> tuple:
            cost = trial.cost(self.goal)
            return not trial.timed_together, cost, -self.value(trial), trial.words

        return sorted((t for t in self.trials if self.value(t) >= self.floor - ROUNDING), key=place)

    @property
    def chosen(self) -> Trial | None:
        """The least cost within the budget; None where there is none."""
        return next(iter(self.within), None)

    @property
    def nearest(self) -> Trial | None:
        """The trial that loses least."""
        return max(self.trials, key=lambda t: (self.value(t), -t.cost(self.goal)), default=None)

    @property
    def refusal(self) -> UserError | None:
        """What to tell where no trial stays within the budget."""
        if self.chosen is not None or self.nearest is None:
            return None
        return UserError(
            f"None of {len(self.trials)} chains stays within {self.budget} of the original. The "
            f"nearest comes to {self.difference(self.nearest):+.4f}: {self.nearest}",
            "Allow a larger loss, or more --trials or --epochs; what was tried is kept.",
        )

    @cached_property
    def front(self) -> list[Trial]:
        """The trials that no other dominates in figure and cost, cheapest first."""
        if not self.trials:
            return []
        points = np.array([[-self.value(t), t.cost(self.goal)] for t in self.trials])
        by = dominators(points)
        found = [trial for trial, others in zip(self.trials, by, strict=True) if not others]
        return sorted(found, key=lambda t: (t.cost(self.goal), t.words))

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        values = {
            "run": self.run,
            "within": asdict(self.budget) | {"floor": self.floor},
            "for": self.goal,
            "original": self.original,
            "trials": [asdict(trial) for trial in self.trials],
            "failed": self.failed,
            "front": [trial.words for trial in self.front],
            "chosen": self.chosen and self.chosen.words,
            "result": self.result,
        }
        return json.loads(json.dumps(values, default=str))

"""The result of a sweep: its trials, the best of them, and the report that compares them."""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from kerastc import files
from kerastc.run import Run

if TYPE_CHECKING:
    from kerastc.report.comparison.table import Comparison


@dataclass(frozen=True)
class Trial:
    """One setting and its outcome.

    Args:
        number: its index in the plan, from 0.
        words: the swept `key=value` words.
        state: finished, failed, running or waiting.
        value: the objective on validation data; None if it is not finished.
        run: its run folder.
        error: why it failed.
        objective: the name of the deciding figure.
    """

    number: int
    words: tuple[str, ...]
    state: str
    value: float | None
    run: Path
    error: str | None
    objective: str = ""

    def __str__(self) -> str:
        return " ".join(self.words)

    @property
    def settings(self) -> tuple[str, ...]:
        """The words besides the seed."""
        return tuple(word for word in self.words if not word.startswith("seed="))


@dataclass(frozen=True)
class Sweep:
    """The current state of a sweep.

    Args:
        folder: of the sweep: its trials' runs, compare.html and sweep.json.
        study: its name in the storage.
        recipe: the recipe swept, or a study of several.
        storage, backend: as resolved.
        fixed: the `key=value` words of every trial.
        objective: the deciding figure on validation data; None if trials are of several tasks,
            which are not compared: there is no best one then.
        maximize: whether more of it is better; None as above.
        trials: in the order of their numbers.
        teacher: of which retention is told, as for `compare`.
    """

    folder: Path
    study: str
    storage: str
    recipe: str
    backend: str
    fixed: tuple[str, ...]
    objective: str | None
    maximize: bool | None
    trials: tuple[Trial, ...]
    teacher: str = ""

    def of(self, state: str) -> list[Trial]:
        """The trials in a state."""
        return [trial for trial in self.trials if trial.state == state]

    @property
    def best(self) -> Trial | None:
        """The trial to take: the best seed of the recommended settings.

        One seed can be lucky: of many, the best single trial says little about its settings. If
        predictions cannot be compared (runs on other machines, other classes), the settings with
        the best mean are used. Trials of several tasks have no best one.
        """
        if self.objective is None:
            return None
        return self._first(self._recommended or self._best_on_the_mean)

    @property
    def highest(self) -> Trial | None:
        """The trial with the best value, whatever its settings; None as for `best`."""
        if self.objective is None:
            return None
        return self._first(self.of("finished"))

    def _first(self, trials: list[Trial]) -> Trial | None:
        sign = -1 if self.maximize else 1
        return min(trials, key=lambda trial: sign * trial.value, default=None)

    @property
    def _recommended(self) -> list[Trial]:
        """The trials of the recommendation, or of what it would be without the baselines."""
        from kerastc.scores.recommendation import recommend

        found = self.comparison and self.comparison.recommendation
        if not found:
            return []
        folders = {row["run"]: Path(row["folder"]).resolve() for row in self.comparison.rows}
        taken = found.taken
        if not set(taken.runs) <= set(folders):  # a baseline
            trained = [one for one in found.candidates if set(one.runs) <= set(folders)]
            again = recommend(trained)
            taken = again.taken if again else trained[0]
        chosen = {folders[run] for run in taken.runs}
        return [trial for trial in self.of("finished") if trial.run.resolve() in chosen]

    @property
    def _best_on_the_mean(self) -> list[Trial]:
        """The trials of the settings with the best mean over their seeds."""
        sign = -1 if self.maximize else 1
        by_settings: dict[tuple[str, ...], list[Trial]] = {}
        for trial in self.of("finished"):
            by_settings.setdefault(trial.settings, []).append(trial)
        return min(
            by_settings.values(),
            key=lambda trials: sign * fmean(trial.value for trial in trials),
            default=[],
        )

    @property
    def best_command(self) -> str | None:
        """The command that repeats the best trial, if its run is on this machine."""
        if self.best is None or self.best.run not in self.runs():
            return None
        return Run.open(self.best.run).config["command"]

    def runs(self) -> list[Path]:
        """The finished runs on this machine; other machines keep theirs."""
        return [t.run for t in self.of("finished") if (t.run / "metrics.json").is_file()]

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        best = asdict(self.best) | {"command": self.best_command} if self.best else None
        taken = self.comparison and self.comparison.recommendation
        tasks = self.comparison and self.comparison.tasks
        values = asdict(self) | {
            "best": best,
            "recommendation": taken and taken.as_dict(),
            "over_seeds": self.comparison.groups if self.comparison else [],
            "by_task": tasks and tasks.as_dict(),
        }
        return json.loads(json.dumps(values, default=str))

    @cached_property
    def comparison(self) -> "Comparison | None":
        """The finished runs on this machine, side by side; None if there is none."""
        from kerastc.report import compare

        return compare(self.runs(), self.objective or "", self.teacher) if self.runs() else None

    def write(self) -> None:
        """Writes sweep.json, compare.html and, of several tasks, tasks.csv into the study's folder.

        Every worker does so at its end, atomically, and the last one's files stay.
        """
        files.write_json(self.folder / "sweep.json", self.as_dict())
        if self.comparison:
            self.comparison.to_html(self.folder / "compare.html")
            if self.comparison.tasks:
                files.write_text(self.folder / "tasks.csv", self.comparison.to_csv())

    def print(self) -> None:
        """Shows the comparison with its recommendation, the trial to take, and failed ones."""
        from kerastc.report.terminal import console

        def line(text: str) -> None:
            console.print(text, soft_wrap=True, markup=False)

        if self.comparison:
            self.comparison.print()
        if elsewhere := len(self.of("finished")) - len(self.runs()):
            line(f"{elsewhere} finished trials are on other machines and not in the table.")
        if self.best:
            line(f"Taken:    {self.best}   validation {self.objective} {self.best.value:.4f}")
            line(f"Its run:  {self.best.run}")
        if self.best_command:
            line(f"Repeat:   {self.best_command}")
        if self.comparison:
            line(f"Report:   {self.folder / 'compare.html'}")
        for trial in self.of("failed"):
            line(f"Failed:   {trial}: {trial.error}")
        if self.of("failed"):
            line("Failed trials are tried again by the same command.")

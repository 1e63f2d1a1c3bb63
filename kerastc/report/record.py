"""What the report reads from a run folder: plain files, each of which may be missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerastc import manifest
from kerastc.errors import UserError
from kerastc.outputs.output import Output
from kerastc.report.input_page import InputPage, input_page
from kerastc.report.output_page import OutputPage
from kerastc.run import Run
from kerastc.run_forms import SIGNATURE
from kerastc.scores.figures import Answered
from kerastc.tasks import Task, task_named


@dataclass(frozen=True)
class RunRecord:
    """The files of a run. JSON objects that are missing are empty dicts.

    Args:
        folder: the run's folder.
        config: config.json: recipe, command and, under `config`, the resolved fields.
        environment: environment.json.
        data: data.json.
        metrics: metrics.json; empty if the run is not finished.
        compression: compression.json: what each step did to a compressed run's model.
        benchmark: benchmark.json: an entry for each exported file and number of threads.
        labels: labels.txt, or the classes of data.json.
        history: history.csv, a row per epoch; infinite values become NaN.
    """

    folder: Path
    config: dict[str, Any]
    environment: dict[str, Any]
    data: dict[str, Any]
    metrics: dict[str, Any]
    compression: dict[str, Any]
    benchmark: list[dict[str, Any]]
    labels: tuple[str, ...]
    history: pd.DataFrame

    @property
    def recipe(self) -> str:
        """The recipe's name."""
        return str(self.config.get("recipe", ""))

    @property
    def settings(self) -> dict[str, Any]:
        """The recipe's resolved fields, nested as they are."""
        return self.config.get("config") or {}

    @property
    def changed(self) -> list[str] | None:
        """The dotted fields that differ from both the recipe and the run's study.

        None if that is unknown.
        """
        found = self.config.get("changed")
        by_study = (self.config.get("study") or {}).get("settings", ())
        if not isinstance(found, list):
            return None
        return [str(field) for field in found if field not in by_study]

    @property
    def steps(self) -> list[str]:
        """The steps that made a compressed run from its parent; empty for a trained run."""
        return self.config.get("steps") or []

    @property
    def finished(self) -> bool:
        """Whether there are final figures."""
        return bool(self.metrics.get("validation") or self.metrics.get("test"))

    @property
    def part(self) -> str:
        """The part of the headline figures: test, or validation if there was no test."""
        return "test" if self.metrics.get("test") else "validation"

    @property
    def parts(self) -> dict[str, Any]:
        """The entries of data.json for each part: its rows and labels."""
        parts = self.data.get("splits") or {}
        return {name: part for name, part in parts.items() if isinstance(part, dict)}

    @property
    def best_epoch(self) -> float | None:
        """The number of epochs behind the kept weights; for a mean, its best member's."""
        return (self.metrics.get("training") or {}).get("best_epoch")

    @cached_property
    def signatures(self) -> list[dict[str, Any]]:
        """The contents of the files next to the exported models.

        Raises:
            UserError: one is broken.
        """
        run = Run(self.folder)
        paths = sorted(run.path("exports").glob("*.json"))
        return [run.read_json(f"exports/{path.name}", SIGNATURE) for path in paths]

    @cached_property
    def task(self) -> Task | None:
        """The task of the run's model; None if no training has ended yet.

        Raises:
            UserError: preprocessing.json is broken, or its task is unknown.
        """
        settings = _optional(Run(self.folder), "preprocessing.json", None)
        if settings is None:
            return None
        return task_named(settings.get("task"), self.folder / "preprocessing.json")

    @property
    def answered(self) -> str:
        """The name of the output; empty if the task is unknown."""
        return self.task.answered if self.task else ""

    @cached_property
    def output(self) -> Output | None:
        """The output of the run's model; None if the task is unknown."""
        return self.task and self.task.output(self.labels)

    @cached_property
    def page(self) -> OutputPage | None:
        """How a report shows the answers; None if the task is unknown."""
        return self.task and self.task.output_part("page").PAGE(self.task.output)

    @cached_property
    def input_page(self) -> InputPage:
        """How a report shows the run's examples."""
        return input_page(self.task) if self.task else InputPage()

    @property
    def units(self) -> str:
        """The plural for examples: texts or images."""
        return self.task.units if self.task else "rows"

    @cached_property
    def predictions(self) -> Answered | None:
        """The predictions of `part`, if they were written; errors as in `predictions_of`."""
        return self.predictions_of(self.part)

    def predictions_of(self, part: str) -> Answered | None:
        """The predictions of `validation` or `test`, if they were written.

        Raises:
            UserError: the file is broken, or its labels are not the run's.
        """
        path = self.folder / "predictions" / f"{part}.csv"
        if self.output is None or not path.is_file():
            return None
        manifest.verify(self.folder, f"predictions/{part}.csv")
        return self.output.read_predictions(path)


def shortest_names(folders: Sequence[Path]) -> list[str]:
    """The last parts of each path, as many as distinguish it from the others.

    Args:
        folders: distinct, at least one.
    """
    for parts in range(1, max(len(folder.parts) for folder in folders) + 1):
        names = ["/".join(folder.parts[-parts:]) for folder in folders]
        if len(set(names)) == len(names):
            break
    return names


def read_record(folder: Path) -> RunRecord:
    """Reads what exists of a run, finished or not.

    Raises:
        UserError: the folder is not a run, or one of its files is broken.
    """
    run = Run.open(Path(folder))
    parts = {
        name: _optional(run, f"{name}.json", {})
        for name in ("environment", "data", "metrics", "compression")
    }
    return RunRecord(
        folder=run.folder,
        config=run.config,
        labels=_labels(run, parts["data"]),
        history=_history(run.path("history.csv")),
        benchmark=_optional(run, "benchmark.json", []),
        **parts,
    )


def _optional(run: Run, name: str, none: Any) -> Any:
    return run.read_json(name) if run.path(name).exists() else none


def _labels(run: Run, data: dict[str, Any]) -> tuple[str, ...]:
    if run.path("labels.txt").exists():
        return run.classes
    return tuple(data.get("classes") or ())


def _history(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path)
    except FileNotFoundError:
        return pd.DataFrame()
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    if "epoch" not in table:
        table.insert(0, "epoch", np.arange(1, len(table) + 1))
    table = table.apply(pd.to_numeric, errors="coerce").replace([np.inf, -np.inf], np.nan)
    steps = table["epoch"].to_numpy(dtype=float)
    if not len(table):
        return pd.DataFrame()
    if not (np.isfinite(steps).all() and (np.diff(steps) > 0).all() and np.abs(steps).max() < 1e9):
        raise UserError(f"{path} is damaged: its epochs are not numbers that rise from row to row.")
    return table

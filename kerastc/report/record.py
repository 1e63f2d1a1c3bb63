"""What the report reads of a run folder: plain files, each of which may still be missing."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerastc.errors import UserError
from kerastc.report.metrics import Predictions, read_predictions
from kerastc.run import Run


@dataclass(frozen=True)
class RunRecord:
    """The files of a run. JSON objects that are missing are empty dicts.

    Args:
        folder: the run's folder.
        config: config.json: recipe, command and, under `config`, the resolved fields.
        environment: environment.json.
        data: data.json.
        metrics: metrics.json; empty where the run is not finished.
        classes: labels.txt, or the classes of data.json.
        history: history.csv, a row per epoch; infinite values become NaN.
    """

    folder: Path
    config: dict[str, Any]
    environment: dict[str, Any]
    data: dict[str, Any]
    metrics: dict[str, Any]
    classes: tuple[str, ...]
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
    def finished(self) -> bool:
        """Whether the final figures are there."""
        return bool(self.metrics.get("validation") or self.metrics.get("test"))

    @property
    def part(self) -> str:
        """The part that the headline figures are of: test, or validation where no test was made."""
        return "test" if self.metrics.get("test") else "validation"

    @property
    def best_epoch(self) -> float | None:
        """After how many epochs the weights stood that were kept; of a mean, its best member."""
        return (self.metrics.get("training") or {}).get("best_epoch")

    @cached_property
    def predictions(self) -> Predictions | None:
        """The predictions of `part`, where they were written.

        Raises:
            UserError: the file is broken, or of other classes than the run.
        """
        path = self.folder / "predictions" / f"{self.part}.csv"
        if not path.is_file():
            return None
        predictions = read_predictions(path)
        if predictions.classes != self.classes:
            raise UserError(
                f"{path} is of the classes {', '.join(predictions.classes)}, the run of "
                f"{', '.join(self.classes)}.",
                "Remove the file, and evaluate the run again.",
            )
        return predictions


def read_record(folder: Path) -> RunRecord:
    """Reads what is there of a run, finished or not.

    Raises:
        UserError: the folder is no run, or one of its files is broken.
    """
    run = Run.open(Path(folder))
    if not isinstance(run.config, dict):
        raise UserError(f"{run.path('config.json')} holds no JSON object.")
    parts = {
        name: _optional_object(run, f"{name}.json") for name in ("environment", "data", "metrics")
    }
    return RunRecord(
        folder=run.folder,
        config=run.config,
        classes=_classes(run, parts["data"]),
        history=_history(run.path("history.csv")),
        **parts,
    )


def _optional_object(run: Run, name: str) -> dict[str, Any]:
    if not run.path(name).is_file():
        return {}
    value = run.read_json(name)
    if not isinstance(value, dict):
        raise UserError(f"{run.path(name)} holds no JSON object.")
    return value


def _classes(run: Run, data: dict[str, Any]) -> tuple[str, ...]:
    # A class name may hold odd white space, so data.json, which quotes it, goes first.
    if data.get("classes"):
        return tuple(str(name) for name in data["classes"])
    path = run.path("labels.txt")
    if not path.is_file():
        return ()
    return tuple(path.read_text(encoding="utf-8").rstrip("\n").split("\n"))


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
    return table.apply(pd.to_numeric, errors="coerce").replace([np.inf, -np.inf], np.nan)

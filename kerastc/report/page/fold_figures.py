"""A cross-validation's results per fold and overall, for metrics.json, terminal and page."""

import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastc import formatting
from kerastc.outputs.output import Output
from kerastc.scores.figures import Figure

if TYPE_CHECKING:
    from kerastc.data.folds import Fold
    from kerastc.data.labelled import Labelled
    from kerastc.training.trained import Trained

COSTS = ("best_epoch", "epochs", "seconds")


def fold_figures(
    folds: "Sequence[Fold]", tested: "Labelled", trained: "Trained", output: Output
) -> dict[str, Any]:
    """The entry on folds in metrics.json.

    Args:
        folds: the rows of each.
        tested: all rows.
        trained: `test` has a prediction for each.
        output: of the task.

    Returns:
        `table`, a dict per fold: its number, the rows of its parts, the task's figures on its
        held-out rows, `COSTS` of its training; `mean` and `deviation` (of the sample) of the
        figures.
    """
    names, table = [figure.name for figure in output.figures], []
    for number, (fold, costs) in enumerate(zip(folds, trained.folds, strict=True), 1):
        found = output.metrics(tested.labels[fold.test], _taken(trained.test, fold.test))
        table.append(
            {
                "fold": number,
                "train": len(fold.train),
                "validation": len(fold.validation),
                "test": len(fold.test),
                **{name: found[name] for name in names},
                **{name: costs[name] for name in COSTS if name in costs},
            }
        )
    by_name = {name: [row[name] for row in table] for name in names}
    return {
        "table": table,
        "mean": {name: statistics.fmean(values) for name, values in by_name.items()},
        "deviation": {name: statistics.stdev(values) for name, values in by_name.items()},
    }


def _taken(answers: Any, rows: np.ndarray) -> Any:
    """Some of the answers, which may be a list of one array per row."""
    return answers[rows] if isinstance(answers, np.ndarray) else [answers[row] for row in rows]


def told(folds: Mapping[str, Any], units: str) -> str:
    """Which models the cross-validated figures belong to, in sentences.

    Args:
        folds: as in metrics.json.
        units: what several examples are called.
    """
    table = folds["table"]
    rows = sum(row["test"] for row in table)
    return (
        f"Test figures are cross-validated: each of the {rows:,} {units} was predicted by the one "
        f"of {len(table)} models that never saw it. The model of this run was trained after them, "
        f"in the same way, on all {units} but those of its validation part, which chose its "
        "checkpoint."
    )


def headings(figures: Sequence[Figure]) -> tuple[str, ...]:
    """The headings of the table by fold."""
    return "fold", "train", "validation", "test", *(one.label for one in figures), "best"


def cells(folds: Mapping[str, Any], figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """The table by fold under `headings`, the last two rows mean and deviation over folds."""
    names = [figure.name for figure in figures]
    rows = [
        (
            str(row["fold"]),
            *(formatting.count(row[part]) for part in ("train", "validation", "test")),
            *(formatting.number(row[name]) for name in names),
            f"{row['best_epoch']:.3g}" if "best_epoch" in row else formatting.MISSING,
        )
        for row in folds["table"]
    ]
    over_all = (
        (name, "", "", "", *(formatting.number(folds[name][key]) for key in names), "")
        for name in ("mean", "deviation")
    )
    return [*rows, *over_all]

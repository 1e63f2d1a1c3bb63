"""What a cross-validation found in each fold, and over all: for metrics.json, terminal and page."""

import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerastc import formatting
from kerastc.outputs.classes.metrics import classification_metrics

if TYPE_CHECKING:
    from kerastc.data.folds import Fold
    from kerastc.data.images import LabelledImages
    from kerastc.data.texts import LabelledTexts
    from kerastc.training.trained import Trained

FIGURES = ("accuracy", "macro_f1", "loss")
COSTS = ("best_epoch", "epochs", "seconds")
HEADINGS = ("fold", "train", "validation", "test", "accuracy", "macro F1", "loss", "best")


def fold_figures(
    folds: "Sequence[Fold]", tested: "LabelledTexts | LabelledImages", trained: "Trained"
) -> dict[str, Any]:
    """What metrics.json says of folds.

    Args:
        folds: the rows of each.
        tested: all rows.
        trained: `test` has a prediction for each.

    Returns:
        `table`, a dict a fold: its number, the rows of its parts, `FIGURES` on those that it held
        out, `COSTS` of its training; `mean` and `deviation` (of the sample) of `FIGURES`.
    """
    table = []
    for number, (fold, costs) in enumerate(zip(folds, trained.folds, strict=True), 1):
        labels, said = tested.labels[fold.test], trained.test[fold.test]
        found = classification_metrics(labels, said, tested.classes, intervals_seed=None)
        table.append(
            {
                "fold": number,
                "train": len(fold.train),
                "validation": len(fold.validation),
                "test": len(fold.test),
                **{name: found[name] for name in FIGURES},
                **{name: costs[name] for name in COSTS if name in costs},
            }
        )
    by_name = {name: [row[name] for row in table] for name in FIGURES}
    return {
        "table": table,
        "mean": {name: statistics.fmean(values) for name, values in by_name.items()},
        "deviation": {name: statistics.stdev(values) for name, values in by_name.items()},
    }


def told(folds: Mapping[str, Any], units: str) -> str:
    """Of which models cross-validated figures are, in sentences.

    Args:
        folds: as in metrics.json.
        units: texts or images.
    """
    table = folds["table"]
    rows = sum(row["test"] for row in table)
    return (
        f"Test figures are cross-validated: each of the {rows:,} {units} was predicted by the one "
        f"of {len(table)} models that never saw it. The model of this run was trained after them, "
        f"in the same way, on all {units} but those of its validation part, which chose its "
        "checkpoint."
    )


def cells(folds: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The table by fold under `HEADINGS`, the last two rows mean and deviation over folds."""
    rows = [
        (
            str(row["fold"]),
            *(formatting.count(row[part]) for part in ("train", "validation", "test")),
            *(formatting.number(row[name]) for name in FIGURES),
            f"{row['best_epoch']:.3g}" if "best_epoch" in row else formatting.MISSING,
        )
        for row in folds["table"]
    ]
    over_all = (
        (name, "", "", "", *(formatting.number(folds[name][key]) for key in FIGURES), "")
        for name in ("mean", "deviation")
    )
    return [*rows, *over_all]

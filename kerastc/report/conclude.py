"""Turns a trained model's probabilities into the run's final figures, plots and page."""

from typing import TYPE_CHECKING, Any

import numpy as np

from kerastc.data.texts import LabelledTexts
from kerastc.images import contact_sheet
from kerastc.outputs.classes.metrics import classification_metrics
from kerastc.outputs.classes.predictions import Predictions, write_predictions
from kerastc.report.examples import shown_rows
from kerastc.report.fold_figures import fold_figures
from kerastc.report.kept_images import write_images
from kerastc.report.page import write_report
from kerastc.report.pictures import write_picture
from kerastc.run import Run

if TYPE_CHECKING:
    from kerastc.data.images import LabelledImages
    from kerastc.data.splits import Splits
    from kerastc.training.trained import Trained


def conclude(run: Run, splits: "Splits", trained: "Trained") -> None:
    """Writes predictions/, metrics.json, plots/ and report.html.

    Args:
        run: the run that was trained.
        splits: its data.
        trained: what training left; a child run without a baseline has its parent's.
    """
    parts = _parts(splits, trained)
    predictions = {part: _predictions(rows, getattr(trained, part)) for part, rows in parts.items()}
    for part, said in predictions.items():
        with run.writing("predictions", f"{part}.csv") as path:
            write_predictions(
                path, said.examples, said.labels, said.probabilities, said.classes, said.columns
            )
    if predictions["validation"].columns == ("image",):
        write_images(
            run,
            {part: rows.examples for part, rows in parts.items()},
            {part: shown_rows(said) for part, said in predictions.items()},
        )
        _picture_augmented(run, trained)
    run.write_json("metrics.json", _metrics(run, splits, trained))
    write_report(run.folder)


def _picture_augmented(run: Run, trained: "Trained") -> None:
    """How training saw some images, a picture for each policy."""
    for number, (policy, seen) in enumerate(trained.augmented.items(), 1):
        columns = seen.shape[1]
        write_picture(
            run,
            f"augmented-{number}",
            contact_sheet(seen.reshape(-1, *seen.shape[2:]), columns),
            "Augmented images",
            f"The first column has images as they are, the others how they may be seen: {policy}.",
        )


def _parts(splits: "Splits", trained: "Trained") -> dict[str, Any]:
    """The rows of each part that was predicted; a model made of a cross-validated one has no test.

    All rows are the test rows of a cross-validation: each was predicted by a model of its own fold.
    """
    parts = {"validation": splits.validation}
    if trained.folds or not splits.folds:
        parts["test"] = splits.tested
    return parts


def _predictions(rows: "LabelledTexts | LabelledImages", probabilities: np.ndarray) -> Predictions:
    examples, column = (
        (rows.examples, "text") if isinstance(rows, LabelledTexts) else (rows.names, "image")
    )
    return Predictions(examples, rows.labels, probabilities, rows.classes, (column,))


def _metrics(run: Run, splits: "Splits", trained: "Trained") -> dict[str, Any]:
    """What metrics.json says."""
    metrics = {"training": trained.figures}
    parts = _parts(splits, trained)
    measured = {part: (rows, getattr(trained, part)) for part, rows in parts.items()}
    if trained.flipped is not None and "test" in parts:
        # Beside the test figures, never in their place.
        measured["test_flipped"] = (parts["test"], trained.flipped)
    for name, (rows, probabilities) in measured.items():
        metrics[name] = classification_metrics(rows.labels, probabilities, rows.classes)
    if trained.baseline:
        metrics["baseline"] = {"name": trained.baseline.name, "training": trained.baseline.figures}
        for part, rows in parts.items():
            if (of_part := getattr(trained.baseline, part)) is not None:
                metrics["baseline"][part] = classification_metrics(
                    rows.labels, of_part, rows.classes
                )
    elif run.parent:
        parents = run.parent_run().read_json("metrics.json")
        metrics["baseline"] = parents.get("baseline")
    if trained.folds:
        metrics["folds"] = fold_figures(splits.folds, parts["test"], trained)
    if trained.choice and trained.choice.table:
        metrics["checkpoints"] = {"rule": trained.choice.rule, "table": trained.choice.table}
    if trained.method:
        metrics["method"] = trained.method
    return metrics

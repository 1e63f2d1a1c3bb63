"""Turns a trained model's probabilities into the run's final figures, plots and page."""

from typing import TYPE_CHECKING, Any

from kerastc.data.texts import LabelledTexts
from kerastc.images import contact_sheet
from kerastc.report.examples import shown_rows
from kerastc.report.kept_images import write_images
from kerastc.report.metrics import Predictions, classification_metrics, write_predictions
from kerastc.report.page import write_report
from kerastc.report.pictures import write_picture
from kerastc.run import Run

if TYPE_CHECKING:
    from kerastc.data.image_splits import ImageSplits
    from kerastc.data.splits import Splits
    from kerastc.training.trained import Trained

_PARTS = ("validation", "test")


def conclude(run: Run, splits: "Splits | ImageSplits", trained: "Trained") -> None:
    """Writes predictions/, metrics.json, plots/ and report.html.

    Args:
        run: the run that was trained.
        splits: its data.
        trained: what training left; a child run without a baseline has its parent's.
    """
    predictions = {part: _predictions(splits, trained, part) for part in _PARTS}
    for part, said in predictions.items():
        with run.writing("predictions", f"{part}.csv") as path:
            write_predictions(
                path, said.examples, said.labels, said.probabilities, said.classes, said.kind
            )
    if predictions["test"].kind == "image":
        write_images(
            run,
            {part: getattr(splits, part).images for part in _PARTS},
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


def _predictions(splits: "Splits | ImageSplits", trained: "Trained", part: str) -> Predictions:
    rows = getattr(splits, part)
    examples, kind = (
        (rows.texts, "text") if isinstance(rows, LabelledTexts) else (rows.names, "image")
    )
    return Predictions(examples, rows.labels, getattr(trained, part), rows.classes, kind)


def _metrics(run: Run, splits: "Splits | ImageSplits", trained: "Trained") -> dict[str, Any]:
    """What metrics.json says."""
    metrics = {"training": trained.figures}
    measured = {part: (getattr(splits, part), getattr(trained, part)) for part in _PARTS}
    if trained.flipped is not None:  # beside the test figures, never in their place
        measured["test_flipped"] = (splits.test, trained.flipped)
    for name, (rows, probabilities) in measured.items():
        metrics[name] = classification_metrics(rows.labels, probabilities, rows.classes)
    if trained.baseline:
        metrics["baseline"] = {"name": trained.baseline.name, "training": trained.baseline.figures}
        for part in _PARTS:
            rows = getattr(splits, part)
            metrics["baseline"][part] = classification_metrics(
                rows.labels, getattr(trained.baseline, part), rows.classes
            )
    elif run.parent:
        parents = run.parent_run().read_json("metrics.json")
        metrics["baseline"] = parents.get("baseline")
    if trained.choice and trained.choice.table:
        metrics["checkpoints"] = {"rule": trained.choice.rule, "table": trained.choice.table}
    if trained.method:
        metrics["method"] = trained.method
    return metrics

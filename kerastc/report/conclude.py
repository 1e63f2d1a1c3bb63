"""Turns a trained model's probabilities into the run's final figures, plots and page."""

from pathlib import Path
from typing import TYPE_CHECKING

from kerastc.report.metrics import classification_metrics, write_predictions
from kerastc.report.page import write_report
from kerastc.run import Run

if TYPE_CHECKING:
    from kerastc.data.splits import Splits
    from kerastc.training.text import Trained


def conclude(run: Run, splits: "Splits", trained: "Trained") -> None:
    """Writes predictions/, metrics.json, plots/ and report.html.

    Args:
        run: the run that was trained.
        splits: its data.
        trained: what training left; a child run without a baseline has its parent's.
    """
    metrics = {"training": trained.figures}
    baseline = trained.baseline and {"name": "bag of words", "training": trained.baseline.figures}
    for part, probabilities in (("validation", trained.validation), ("test", trained.test)):
        texts = getattr(splits, part)
        with run.writing("predictions", f"{part}.csv") as path:
            write_predictions(path, texts.texts, texts.labels, probabilities, texts.classes)
        metrics[part] = classification_metrics(texts.labels, probabilities, texts.classes)
        if baseline:
            baseline[part] = classification_metrics(
                texts.labels, getattr(trained.baseline, part), texts.classes
            )
    metrics["baseline"] = baseline or Run(Path(run.parent["run"])).read_json("metrics.json").get(
        "baseline"
    )
    if trained.choice and trained.choice.table:
        metrics["checkpoints"] = {"rule": trained.choice.rule, "table": trained.choice.table}
    run.write_json("metrics.json", metrics)
    write_report(run.folder)

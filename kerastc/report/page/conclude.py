"""Turns a trained model's answers into the run's final figures, plots and page."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastc import learned
from kerastc.outputs.output import Output
from kerastc.report.input_page import input_page
from kerastc.report.page.fold_figures import fold_figures
from kerastc.report.page.page import write_report
from kerastc.run import Run
from kerastc.tasks import output_of, task_of

if TYPE_CHECKING:
    from kerastc.data.splits import Splits
    from kerastc.training.trained import Trained


def conclude(run: Run, splits: "Splits", trained: "Trained") -> None:
    """Writes predictions/, metrics.json, plots/ and report.html.

    Args:
        run: the run that was trained.
        splits: its data.
        trained: the result of training; a child run without a baseline has its parent's.
    """
    task = task_of(run)
    output, parts = output_of(run), _parts(splits, trained)
    page, shown = task.output_part("page").PAGE(task.output), {}
    for part, rows in parts.items():
        said = getattr(trained, part)
        with run.writing("predictions", f"{part}.csv") as path:
            output.write_predictions(path, task.columns, rows.written, rows.labels, said)
        shown[part] = page.shown_rows(rows.labels, said)
    input_page(task).keep(run, parts, shown, trained)
    own = output.learned(splits.train.examples)
    learned.keep(run, own)
    run.write_json("metrics.json", _metrics(run, splits, trained, output, own))
    write_report(run.folder)


def _parts(splits: "Splits", trained: "Trained") -> dict[str, Any]:
    """The rows of each predicted part.

    There may be no test rows, and a model made from a cross-validated one has none. All rows are
    the test rows of a cross-validation: each was predicted by a model of its own fold.
    """
    parts = {"validation": splits.validation}
    if trained.folds or len(splits.test):
        parts["test"] = splits.tested
    return parts


def _metrics(
    run: Run,
    splits: "Splits",
    trained: "Trained",
    output: Output,
    own: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    """The content of metrics.json; `own` is `Output.learned` of the training part."""
    metrics = {"training": trained.figures}
    parts = _parts(splits, trained)
    measured = {part: (rows, getattr(trained, part)) for part, rows in parts.items()}
    if trained.flipped is not None and "test" in parts:
        # Next to the test figures, never instead of them.
        measured["test_flipped"] = (parts["test"], trained.flipped)
    for name, (rows, answers) in measured.items():
        metrics[name] = output.metrics(rows.labels, answers)
        in_folds = splits.folds and name != "validation"
        known = _of_folds(splits, output) if in_folds else [own] * len(rows)
        metrics[name] |= output.against_training(known, rows.examples, rows.labels, answers)
    if trained.baseline:
        metrics["baseline"] = {"name": trained.baseline.name, "training": trained.baseline.figures}
        for part, rows in parts.items():
            if (of_part := getattr(trained.baseline, part)) is not None:
                metrics["baseline"][part] = output.metrics(rows.labels, of_part)
    elif run.parent:
        parents = run.parent_run().read_json("metrics.json")
        metrics["baseline"] = parents.get("baseline")
    if trained.folds:
        metrics["folds"] = fold_figures(splits.folds, parts["test"], trained, output)
    if trained.choice and trained.choice.table:
        metrics["checkpoints"] = {"rule": trained.choice.rule, "table": trained.choice.table}
    if trained.method:
        metrics["method"] = trained.method
    return metrics


def _of_folds(splits: "Splits", output: Output) -> list[Mapping[str, np.ndarray]]:
    """For each row what the model of its fold learned from; see `Output.learned`."""
    found: list[Mapping[str, np.ndarray]] = [{}] * len(splits.data)
    for fold in splits.folds:
        own = output.learned(splits.data.examples[fold.train])
        for row in fold.test:
            found[row] = own
    return found

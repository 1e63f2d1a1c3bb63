"""The report of one run: plots/*.png and report.html, one file that opens without a network."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kerastc import formatting
from kerastc.errors import UserError
from kerastc.progress import progress
from kerastc.report import fold_figures
from kerastc.report.accounting import Account, account
from kerastc.report.baseline import against_baseline
from kerastc.report.examples import Example, confident_errors, uncertain_examples
from kerastc.report.fonts import undrawable
from kerastc.report.gallery import balanced_counts, part_counts, run_plots
from kerastc.report.kept_images import read_images
from kerastc.report.lineage import ancestors, descendants
from kerastc.report.many_classes import class_rows, confused_pairs, extremes
from kerastc.report.method import method_tables
from kerastc.report.picture import Picture, Plot
from kerastc.report.pictures import read_pictures, thumbnail
from kerastc.report.record import RunRecord, read_record
from kerastc.report.template import render, report_links
from kerastc.run import Run

_DUPLICATES = {
    "texts": {
        "exact": "Rows that repeat a text exactly",
        "near": "Rows that repeat a text nearly",
        "seen": "Groups of texts that differ only in what the model does not see",
        "conflicting": "Rows whose text, or one near it, has more than one class",
        "groups": "Groups of equal or near texts",
    },
    "images": {
        "exact": "Training rows that repeat an image exactly",
        "left_out": "Training rows left out because a test image equals theirs",
        "conflicting": "Rows whose image has more than one class",
    },
}
_COSTS = {
    "images": ("Images learned from", formatting.count),
    "parameters": ("Parameters", formatting.count),
    "trainable_parameters": ("Trainable parameters", formatting.count),
    "seconds": ("Training time", formatting.duration),
    "examples_per_second": ("Examples per second", formatting.count),
    "peak_memory_bytes": ("Peak memory", formatting.size),
}


def write_report(folder: Path) -> Path:
    """Draws the plots of a finished run and writes its page, whole or not at all.

    Files that a run may lack (environment, data, history, predictions) leave out their sections.

    Args:
        folder: the run folder.

    Returns:
        the path of report.html.

    Raises:
        UserError: the folder is no run, is not finished, or holds a broken file.
    """
    record = read_record(folder)
    run = Run(record.folder)
    missing = _missing(record)
    if missing:
        raise UserError(
            f"{record.folder} stands {run.standing()}, and there is nothing to report. It lacks "
            f"{' and '.join(missing)}.",
            run.how_to_go_on,
        )
    with run.lock():
        return _written(record, run)


def _written(record: RunRecord, run: Run) -> Path:
    """The plots and the page of a run that has all its parts."""
    compressed = account([run.folder]) if descendants(run.folder) else None
    pictures, account_plots = {}, []
    with progress("Drawing the report") as advance:
        for plot in run_plots(record):
            pictures[plot.name] = _drawn(plot, run)
            advance()
        for plot in compressed.plots() if compressed else ():
            account_plots.append((plot.title, _drawn(plot, run)))
            advance()
    page = _page(record, pictures, compressed)
    run.write_text("report.html", render("page.html.j2", **page, account_plots=account_plots))
    return run.path("report.html")


def _drawn(plot: Plot, run: Run) -> Picture:
    picture = Picture.of(plot)
    with run.writing("plots", f"{plot.name}.png") as path:
        path.write_bytes(picture.image)
    return picture


def _missing(record: RunRecord) -> list[str]:
    there = {
        "metrics.json with figures of validation or test": record.finished,
        "labels.txt with the class names": bool(record.classes),
    }
    return [name for name, found in there.items() if not found]


def _page(
    record: RunRecord, pictures: dict[str, Picture], compressed: Account | None
) -> dict[str, Any]:
    """What page.html.j2 names, but for the account's plots."""
    final = record.metrics[record.part]
    predictions = record.predictions
    errors = confident_errors(predictions) if predictions else []
    uncertain = uncertain_examples(predictions) if predictions else []
    class_figures = class_rows(final["per_class"])
    of_extremes = extremes(class_figures)
    duplicates = dict(record.data.get("duplicates") or {})
    examples = duplicates.pop("examples", None) or []
    values = {
        "title": f"{record.recipe or 'Run'}: {record.folder.resolve().name}",
        "record": record,
        "part": record.part,
        "final": final,
        "units": record.units,
        "intervals": final.get("intervals") or {},
        "measured": _measured(record),
        "folds": _folds(record),
        "untested": bool(record.data.get("folds")) and record.part == "validation",
        "flipped": record.metrics.get("test_flipped"),
        "class_rows": class_figures,
        "extremes": of_extremes,
        "pairs": confused_pairs(predictions) if predictions and of_extremes else [],
        "method": _method(record, pictures),
        "metric_names": {k: n for k, n in formatting.METRIC_NAMES.items() if k in final},
        "training": record.metrics.get("training") or {},
        "baseline": against_baseline(record.metrics, record.part),
        "steps": _steps(record),
        "parent": _parent(record),
        "account": compressed,
        "links": _children(record, compressed),
        "checkpoints": record.metrics.get("checkpoints") or {},
        "plots": pictures,
        "undrawn": undrawable(record.classes),
        "predictions": predictions is not None,
        "errors": errors,
        "wrong": int((predictions.predicted != predictions.labels).sum()) if predictions else 0,
        "uncertain": uncertain,
        "thumbnails": _thumbnails(record, [*errors, *uncertain]),
        "counts": part_counts(record),
        "parts_of_data": _parts_of_data(record),
        "balanced": balanced_counts(record),
        "exploration": record.data.get("exploration") or {},
        "duplicates": {
            _DUPLICATES[record.units].get(name, name): value
            for name, value in formatting.flatten(duplicates).items()
        },
        "examples": [_example(example) for example in examples],
        "notes": record.data.get("notes") or {},
        "settings": formatting.flatten(record.settings),
        "environment": _environment(record),
    }
    return values | {"contents": _contents(values)}


def _folds(record: RunRecord) -> tuple[str, Sequence[str], list[tuple[str, ...]]] | None:
    """Words, headings and cells of the section on folds."""
    folds = record.metrics.get("folds")
    if not folds:
        return None
    told = fold_figures.told(folds, record.units)
    return told, fold_figures.HEADINGS, fold_figures.cells(folds)


def _measured(record: RunRecord) -> dict[str, Any]:
    """The figures of each part; of training rows, seen as they are, there is the accuracy alone."""
    training = record.metrics.get("training") or {}
    parts = {name: record.metrics.get(name) for name in ("validation", "test")}
    if "train_accuracy" in training:
        rows = (_parts_of_data(record).get("train") or {}).get("rows")
        parts = {"train": {"accuracy": training["train_accuracy"], "rows": rows}, **parts}
    return {name: figures for name, figures in parts.items() if figures}


def _method(record: RunRecord, plots: dict[str, Picture]) -> tuple | None:
    """What the section of the method shows: figures, tables, curves, pictures; None without any."""
    figures, found = method_tables(record.metrics.get("method") or {})
    section = figures, found, plots.get("further_curves"), read_pictures(record.folder)
    return section if any(section) else None


def _thumbnails(record: RunRecord, shown: Sequence[Example]) -> dict[int, bytes | None]:
    """The pictures of images, by their rows."""
    if record.units != "images":
        return {}
    rows = [example.row for example in shown]
    images = read_images(record.folder, record.part, rows)
    return {row: thumbnail(image) for row, image in zip(rows, images, strict=True)}


def _parts_of_data(record: RunRecord) -> dict[str, Any]:
    """Rows of each part and of its classes, as data.json tells them."""
    parts = record.data.get("splits") or {}
    return {name: part for name, part in parts.items() if isinstance(part, dict)}


def _steps(record: RunRecord) -> list[dict[str, Any]]:
    """What each step did to a compressed run's model."""
    return [
        {**step, "details": formatting.flatten(step.get("details") or {})}
        for step in record.compression.get("steps") or []
    ]


def _parent(record: RunRecord) -> dict[str, str] | None:
    """The name and the report of the run that a compressed one was made of."""
    folder = record.folder.resolve()
    parents = ancestors(folder)
    if not parents:
        return None
    page = os.path.relpath(parents[0] / "report.html", folder)
    return {"name": parents[0].name, "link": quote(page)}


def _children(record: RunRecord, compressed: Account | None) -> dict[str, str]:
    """The reports of the runs that were compressed of this one, by folder."""
    own = str(record.folder)
    rows = compressed.rows if compressed else ()
    folders = {row["folder"] for row in rows if row["folder"] != own}
    return report_links(folders, record.folder / "report.html")


def _example(example: dict[str, Any]) -> tuple[list[str], list[str]]:
    return (
        [
            formatting.shown_text(text, 200)
            for text in example.get("texts", example.get("images", []))
        ],
        [str(name) for name in example.get("classes", [])],
    )


def _environment(record: RunRecord) -> dict[str, Any]:
    training = record.metrics.get("training") or {}
    costs = {name: form(training[key]) for key, (name, form) in _COSTS.items() if key in training}
    return {**formatting.flatten(record.environment), **costs}


def _contents(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Anchor and name of each section that the page has."""
    plots, record = values["plots"], values["record"]
    sections = [
        ("metrics", "Final metrics", True),
        ("folds", "Each fold", values["folds"]),
        ("baseline", "Baseline", values["baseline"]),
        ("compression", "Compression", values["steps"]),
        ("benchmark", "Exported files", record.benchmark),
        ("account", "What was compressed of it", values["account"]),
        ("classes", "Each class", True),
        ("training", "Training", "learning_curves" in plots or "per_class" in plots),
        ("method", "Method", values["method"]),
        ("checkpoints", "Checkpoints", values["checkpoints"]),
        ("reliability", "Calibration", "reliability" in plots),
        ("length", "Text length", "accuracy_by_length" in plots),
        ("errors", "Confident errors", values["predictions"]),
        ("uncertain", f"Uncertain {record.units}", values["predictions"]),
        ("data", "Data", True),
        ("noise", "Label noise", values["duplicates"]),
        ("exploring", "Exploring", values["exploration"]),
        ("repeat", "Repeat this run", record.config.get("command")),
        ("settings", "Settings", values["settings"]),
        ("environment", "Environment", values["environment"]),
    ]
    return [(anchor, name) for anchor, name, there in sections if there]

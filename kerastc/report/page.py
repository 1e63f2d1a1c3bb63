"""The report of one run: plots/*.png and report.html, one file that opens without a network."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kerastc.errors import UserError
from kerastc.progress import progress
from kerastc.report import tables
from kerastc.report.accounting import Account, account
from kerastc.report.baseline import against_baseline
from kerastc.report.gallery import balanced_counts, part_counts, run_plots
from kerastc.report.lineage import ancestors, descendants
from kerastc.report.picture import Picture, Plot
from kerastc.report.record import RunRecord, read_record
from kerastc.report.template import render
from kerastc.run import Run

_DUPLICATES = {
    "exact": "Rows that repeat a text exactly",
    "near": "Rows that repeat a text nearly",
    "conflicting": "Rows whose text, or one near it, has more than one class",
    "groups": "Groups of equal or near texts",
}
_COSTS = {
    "parameters": ("Parameters", tables.count),
    "trainable_parameters": ("Trainable parameters", tables.count),
    "seconds": ("Training time", tables.duration),
    "examples_per_second": ("Examples per second", tables.count),
    "peak_memory_bytes": ("Peak memory", tables.size),
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
            f"{record.folder} is not finished, so there is nothing to report. It lacks "
            f"{' and '.join(missing)}.",
            f"Go on with it: {run.resume_command}",
        )
    compressed = account([folder]) if descendants(folder) else None
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
    duplicates = dict(record.data.get("duplicates") or {})
    examples = duplicates.pop("examples", None) or []
    values = {
        "title": f"{record.recipe or 'Run'}: {record.folder.resolve().name}",
        "record": record,
        "part": record.part,
        "final": final,
        "intervals": final.get("intervals") or {},
        "measured": {
            name: record.metrics[name]
            for name in ("validation", "test")
            if record.metrics.get(name)
        },
        "metric_names": {k: n for k, n in tables.METRIC_NAMES.items() if k in final},
        "training": record.metrics.get("training") or {},
        "baseline": against_baseline(record.metrics, record.part),
        "steps": _steps(record),
        "parent": _parent(record),
        "account": compressed,
        "checkpoints": record.metrics.get("checkpoints") or {},
        "plots": pictures,
        "predictions": predictions is not None,
        "errors": tables.confident_errors(predictions) if predictions else [],
        "wrong": int((predictions.predicted != predictions.labels).sum()) if predictions else 0,
        "uncertain": tables.uncertain_texts(predictions) if predictions else [],
        "counts": part_counts(record),
        "balanced": balanced_counts(record),
        "exploration": record.data.get("exploration") or {},
        "duplicates": {
            _DUPLICATES.get(name, name): value for name, value in tables.flatten(duplicates).items()
        },
        "examples": [_example(example) for example in examples],
        "notes": record.data.get("notes") or {},
        "settings": tables.flatten(record.settings),
        "environment": _environment(record),
    }
    return values | {"contents": _contents(values)}


def _steps(record: RunRecord) -> list[dict[str, Any]]:
    """What each step did to a compressed run's model."""
    return [
        {**step, "details": tables.flatten(step.get("details") or {})}
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


def _example(example: dict[str, Any]) -> tuple[list[str], list[str]]:
    return (
        [tables.shown_text(text, 200) for text in example.get("texts", [])],
        [str(name) for name in example.get("classes", [])],
    )


def _environment(record: RunRecord) -> dict[str, Any]:
    training = record.metrics.get("training") or {}
    costs = {name: form(training[key]) for key, (name, form) in _COSTS.items() if key in training}
    return {**tables.flatten(record.environment), **costs}


def _contents(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Anchor and name of each section that the page has."""
    plots, record = values["plots"], values["record"]
    sections = [
        ("metrics", "Final metrics", True),
        ("baseline", "Baseline", values["baseline"]),
        ("compression", "Compression", values["steps"]),
        ("benchmark", "Exported files", record.benchmark),
        ("account", "What was compressed of it", values["account"]),
        ("classes", "Each class", True),
        ("training", "Training", "learning_curves" in plots or "per_class" in plots),
        ("checkpoints", "Checkpoints", values["checkpoints"]),
        ("reliability", "Calibration", "reliability" in plots),
        ("length", "Text length", "accuracy_by_length" in plots),
        ("errors", "Confident errors", values["predictions"]),
        ("uncertain", "Uncertain texts", values["predictions"]),
        ("data", "Data", True),
        ("noise", "Label noise", values["duplicates"]),
        ("exploring", "Exploring", values["exploration"]),
        ("repeat", "Repeat this run", record.config.get("command")),
        ("settings", "Settings", values["settings"]),
        ("environment", "Environment", values["environment"]),
    ]
    return [(anchor, name) for anchor, name, there in sections if there]

"""The report of one run: plots/*.png and report.html, one file that opens without a network."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kerastc import formatting
from kerastc.errors import UserError
from kerastc.progress import progress
from kerastc.report.account.data import Account, account
from kerastc.report.account.lineage import ancestors, descendants
from kerastc.report.drawing.captioned import Picture, Plot
from kerastc.report.drawing.fonts import undrawable
from kerastc.report.output_page import PLACES, Section
from kerastc.report.page import fold_figures
from kerastc.report.page.baseline import against_baseline
from kerastc.report.page.gallery import run_plots
from kerastc.report.page.method import method_tables
from kerastc.report.page.method_pictures import read_pictures
from kerastc.report.page.template import render, report_links
from kerastc.report.record import RunRecord, read_record
from kerastc.report.untested import untested
from kerastc.run import Run

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

    Sections whose files a run may lack (environment, data, history, predictions) are left out.

    Args:
        folder: the run folder.

    Returns:
        the path of report.html.

    Raises:
        UserError: the folder is not a run, is not finished, or has a broken file.
    """
    record = read_record(folder)
    run = Run(record.folder)
    missing = _missing(record)
    if missing:
        raise UserError(
            f"{record.folder} is {run.standing()}, and there is nothing to report. It lacks "
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
        "labels.txt with the class names": bool(record.labels),
        "preprocessing.json with the task": record.task is not None,
    }
    return [name for name, found in there.items() if not found]


def _page(
    record: RunRecord, pictures: dict[str, Picture], compressed: Account | None
) -> dict[str, Any]:
    """The variables of page.html.j2, except for the account's plots."""
    page, final = record.page, record.metrics[record.part]
    duplicates = dict(record.data.get("duplicates") or {})
    examples = duplicates.pop("examples", None) or []
    sections: dict[str, list[Section]] = {place: [] for place in PLACES}
    for section in page.sections(record, pictures):
        sections[section.place].append(section)
    values = {
        "title": f"{record.recipe or 'Run'}: {record.folder.resolve().name}",
        "record": record,
        "part": record.part,
        "final": final,
        "units": record.units,
        "lead": page.lead(record),
        "cards": page.cards(record),
        "sections": sections,
        "measured": _measured(record),
        "folds": _folds(record),
        "untested": untested(record.data, record.units) * (record.part == "validation"),
        "method": _method(record, pictures),
        "metric_names": {one.name: one.heading for one in page.listed(record) if one.name in final},
        "training": record.metrics.get("training") or {},
        "baseline": _baseline(record),
        "steps": _steps(record),
        "parent": _parent(record),
        "account": compressed,
        "links": _children(record, compressed),
        "checkpoints": _checkpoints(record),
        "plots": pictures,
        "undrawn": undrawable(record.labels),
        "exploration": record.data.get("exploration") or {},
        "duplicates": {
            record.input_page.duplicates.get(name, name): value
            for name, value in formatting.flatten(duplicates).items()
        },
        "examples": [_example(example, record.units) for example in examples],
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
    figures = record.output.figures
    return told, fold_figures.headings(figures), fold_figures.cells(folds, figures)


def _baseline(record: RunRecord) -> dict[str, Any] | None:
    """The model and its baseline, with the page's words on them."""
    found = against_baseline(record.metrics, record.part, type(record.output))
    if found is None:
        return None
    main = record.output.main
    return found | {
        "caption": record.input_page.baseline(found["name"], record.part),
        "figure": main.label,
        "side": "above" if main.higher else "below",
    }


def _measured(record: RunRecord) -> dict[str, Any]:
    """The figures of each part; for unaugmented training rows there is only one."""
    training = record.metrics.get("training") or {}
    parts = {name: record.metrics.get(name) for name in ("validation", "test")}
    main = record.output.main.name
    if f"train_{main}" in training:
        rows = (record.parts.get("train") or {}).get("rows")
        parts = {"train": {main: training[f"train_{main}"], "rows": rows}, **parts}
    return {name: figures for name, figures in parts.items() if figures}


def _method(record: RunRecord, plots: dict[str, Picture]) -> tuple | None:
    """The method's section: figures, tables, curves, pictures; None if it has none."""
    figures, found = method_tables(record.metrics.get("method") or {})
    section = figures, found, plots.get("further_curves"), read_pictures(record.folder)
    return section if any(section) else None


def _checkpoints(record: RunRecord) -> dict[str, Any]:
    """The choice between checkpoints, and the figures in its table, the loss first."""
    found = record.metrics.get("checkpoints") or {}
    if not found:
        return {}
    known = [one for one in record.page.compared if one.name in found["table"][0]]
    return {**found, "figures": sorted(known, key=lambda one: one.name != "loss")}


def _steps(record: RunRecord) -> list[dict[str, Any]]:
    """What each step did to a compressed run's model."""
    return [
        {**step, "details": formatting.flatten(step.get("details") or {})}
        for step in record.compression.get("steps") or []
    ]


def _parent(record: RunRecord) -> dict[str, str] | None:
    """The name and the report of the run from which a compressed one was made."""
    folder = record.folder.resolve()
    parents = ancestors(folder)
    if not parents:
        return None
    page = os.path.relpath(parents[0] / "report.html", folder)
    return {"name": parents[0].name, "link": quote(page)}


def _children(record: RunRecord, compressed: Account | None) -> dict[str, str]:
    """The reports of the runs compressed from this one, by folder."""
    own = str(record.folder)
    rows = compressed.rows if compressed else ()
    folders = {row["folder"] for row in rows if row["folder"] != own}
    return report_links(folders, record.folder / "report.html")


def _example(example: dict[str, Any], units: str) -> tuple[list[str], list[str]]:
    return (
        [
            formatting.shown_text(text, 200)
            for one in example.get(units, [])
            for text in ([one] if isinstance(one, str) else one)
        ],
        [str(name) for name in example.get("classes", [])],
    )


def _environment(record: RunRecord) -> dict[str, Any]:
    training = record.metrics.get("training") or {}
    costs = {name: form(training[key]) for key, (name, form) in _COSTS.items() if key in training}
    return {**formatting.flatten(record.environment), **costs}


def _of_duplicates(record: RunRecord) -> str:
    """The name of the section on duplicates: rows of several classes show label noise."""
    return "Label noise" if "conflicting" in record.data.get("duplicates", {}) else "Duplicates"


def _contents(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Anchor and name of each section that the page has."""
    record, of_output = values["record"], values["sections"]

    def own(place: str) -> list[tuple[str, str, Any]]:
        return [(one.anchor, one.name, one.anchor) for one in of_output[place]]

    sections = [
        ("metrics", "Final metrics", True),
        ("folds", "Each fold", values["folds"]),
        ("baseline", "Baseline", values["baseline"]),
        ("compression", "Compression", values["steps"]),
        ("benchmark", "Exported files", record.benchmark),
        ("account", "What was compressed of it", values["account"]),
        *own("figures"),
        ("training", "Training", "learning_curves" in values["plots"] or of_output["training"]),
        ("method", "Method", values["method"]),
        ("checkpoints", "Checkpoints", values["checkpoints"]),
        *own("answers"),
        ("data", "Data", True),
        ("noise", _of_duplicates(record), values["duplicates"]),
        ("exploring", "Exploring", values["exploration"]),
        ("repeat", "Repeat this run", record.config.get("command")),
        ("settings", "Settings", values["settings"]),
        ("environment", "Environment", values["environment"]),
    ]
    return [(anchor, name) for anchor, name, there in sections if there]

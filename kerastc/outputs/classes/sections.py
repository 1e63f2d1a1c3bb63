"""The sections of a classifier's page."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from kerastc.outputs.classes.confused_pairs import confused_pairs
from kerastc.outputs.classes.examples import confident_errors, uncertain_examples
from kerastc.outputs.classes.gallery import balanced_counts, part_counts
from kerastc.report.drawing.captioned import Picture
from kerastc.report.long_tables import by_f1, extremes
from kerastc.report.output_page import Section
from kerastc.report.page.template import fragment
from kerastc.report.record import RunRecord

_of = partial(fragment, "classes/page.html.j2")


def class_sections(record: RunRecord, plots: Mapping[str, Picture]) -> list[Section]:
    """The sections in the page's order.

    Args:
        record: of the run.
        plots: of `class_run_plots`, drawn, by name.
    """
    sections = [_each_class(record, plots)]
    if flipped := record.metrics.get("test_flipped"):
        sections.append(Section("metrics", _of("flipped", flipped=flipped)))
    if "per_class" in plots:
        sections.append(Section("training", _of("curves", picture=plots["per_class"])))
    if "reliability" in plots:
        html = _of("reliability", picture=plots["reliability"])
        sections.append(Section("answers", html, "reliability", "Calibration"))
    if "accuracy_by_length" in plots:
        unit = record.task.unit
        html = _of("length", picture=plots["accuracy_by_length"], unit=unit)
        sections.append(Section("answers", html, "length", f"{unit.capitalize()} length"))
    if record.predictions is not None:
        sections += _examples(record)
    return [*sections, _data(record, plots)]


def _each_class(record: RunRecord, plots: Mapping[str, Picture]) -> Section:
    final, predictions = record.metrics[record.part], record.predictions
    rows = by_f1(final["per_class"])
    few = extremes(rows)
    html = _of(
        "each_class",
        final=final,
        intervals=final.get("intervals") or {},
        rows=rows,
        extremes=few,
        pairs=confused_pairs(predictions) if predictions and few else [],
        part=record.part,
        units=record.units,
        confusion=plots.get("confusion"),
    )
    return Section("figures", html, "classes", "Each class")


def _examples(record: RunRecord) -> list[Section]:
    """The model's confident errors, and what it was unsure of."""
    said = record.predictions
    errors, uncertain = confident_errors(said), uncertain_examples(said)
    rows = [example.row for example in (*errors, *uncertain)]
    common: dict[str, Any] = {
        "part": record.part,
        "shown": record.input_page.shown(record.folder, record.part, said.examples, rows),
        "pictures": record.input_page.pictures,
    }
    wrong = int((said.predicted != said.labels).sum())
    return [
        Section(
            "answers",
            _of("errors", errors=errors, wrong=wrong, **common),
            "errors",
            "Confident errors",
        ),
        Section(
            "answers",
            _of("uncertain", uncertain=uncertain, units=record.units, **common),
            "uncertain",
            f"Uncertain {record.units}",
        ),
    ]


def _data(record: RunRecord, plots: Mapping[str, Picture]) -> Section:
    """Rows of each part and its classes."""
    html = _of(
        "data",
        labels=record.labels,
        parts_told=record.parts,
        counts=part_counts(record),
        folded=bool(extremes(by_f1(record.metrics[record.part]["per_class"]))),
        balanced=balanced_counts(record),
        how=(record.data.get("balancing") or {}).get("how"),
        proportions=plots.get("class_proportions"),
        balancing=plots.get("balancing"),
        units=record.units,
    )
    return Section("data", html)

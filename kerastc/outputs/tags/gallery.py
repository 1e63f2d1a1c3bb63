"""The plots of a page of tags, with text alternatives."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kerastc.outputs.tags.entities import is_scheme
from kerastc.outputs.tags.mistakes import NOT_FOUND, NOT_THERE, Mistakes
from kerastc.outputs.tags.plots import figures_of_types
from kerastc.report.drawing.captioned import Plot
from kerastc.report.drawing.matrix import matrix_of_counts
from kerastc.report.long_tables import by_f1, extremes

if TYPE_CHECKING:
    from kerastc.report.record import RunRecord


def unit_names(labels: tuple[str, ...]) -> tuple[str, str]:
    """What is counted, and what each is of: entities of a type, or words with a tag."""
    return ("entities", "type") if is_scheme(labels) else ("words", "tag")


def tag_plots(record: "RunRecord") -> Iterator[Plot]:
    """The plots for which the run has files."""
    final = record.metrics[record.part]
    units, kind = unit_names(record.labels)
    per_type = final.get("per_type") or {}
    rows = by_f1({name: of for name, of in per_type.items() if of["support"]})
    shown = extremes(rows) or rows
    if shown:
        few = f" Shown: the {kind}s of the highest F1, and of the lowest." * (shown != rows)
        yield Plot(
            "per_type",
            figures_of_types(shown, (final.get("intervals") or {}).get("per_type") or {}, units),
            f"Precision, recall and F1 of each {kind} ({record.part}).{few}",
            f"Three points for each of {len(shown)} {kind}s; the table has their figures.",
        )
    if record.predictions is not None:
        mistakes = Mistakes.of(record.predictions, record.labels)
        if mistakes.types:
            yield _confusion(mistakes, record)


def _confusion(mistakes: Mistakes, record: "RunRecord") -> Plot:
    units, kind = unit_names(record.labels)
    matrix, true, said = mistakes.matrix(), mistakes.types, mistakes.types
    caption = f"The {record.part} {units} of each true {kind} (row) by predicted {kind} (column)."
    if is_scheme(record.labels):
        true, said = [*true, NOT_THERE], [*said, NOT_FOUND]
        caption += (
            " Entities that share words are compared, also where their boundaries differ; of "
            "several, those that have most words in common. So a row sums to the entities that "
            "there are, a column to those that were predicted."
        )
    else:
        matrix = matrix[:-1, :-1]
    hits = int(matrix.trace())
    worst = next(iter(mistakes.confusions(1)), None)
    told = f"The most frequent: {worst.count} {worst.true} taken for {worst.said}." if worst else ""
    return Plot(
        "confusion",
        matrix_of_counts(matrix, true, said, kind),
        caption,
        f"{hits} of {mistakes.true.total()} {units} lie on the diagonal. {told}".strip(),
    )

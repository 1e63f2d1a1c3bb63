"""The table by task as text: its cells, in a terminal, as CSV."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from kerastc import formatting
from kerastc.console import Console, Text
from kerastc.table import wrapped

if TYPE_CHECKING:
    from kerastc.report.comparison.by_task import TaskColumn, TaskRow, TaskTable
    from kerastc.scores.retention import Retention

RETENTION = (
    "Retention is a student's figure over its teacher's. Where both answered the same rows, its "
    "95 % interval is of rows, drawn for both together; else of seeds, where both have several."
)
NAME = 24  # characters per line of a setting


def heading(column: "TaskColumn") -> str:
    """`qa F1 / exact match`."""
    return f"{column.name} {' / '.join(figure.label for figure in column.figures)}"


def figures(row: "TaskRow", column: "TaskColumn") -> tuple[str, str]:
    """The means of a task's figures, and their deviations over seeds; a dash without runs."""
    found = row.figures.get(column.name)
    if not found:
        return formatting.MISSING, ""
    spreads = [found[figure.name] for figure in column.figures]
    return _spread(spreads)


def average(row: "TaskRow") -> tuple[str, str]:
    """The mean of the main figures and its deviation over seeds, as `figures`."""
    return _spread([row.average]) if row.average else (formatting.MISSING, "")


def _spread(found: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    means = " / ".join(formatting.number(one["mean"]) for one in found)
    known = all(one["deviation"] is not None for one in found)
    told = " / ".join(formatting.number(one["deviation"]) for one in found) if known else ""
    return means, f"± {told}" * known


def kept(row: "TaskRow", column: "TaskColumn") -> tuple[str, str]:
    """The retention of a task's figures in per cent, and the interval of the main one."""
    found = row.retention.figures.get(column.name, {})
    shares = " / ".join(_percent(found.get(figure.name)) for figure in column.figures)
    return shares, _interval(found.get(column.main.name))


def kept_on_average(row: "TaskRow") -> tuple[str, str]:
    """The mean retention, as `kept`."""
    return _percent(row.retention.average), _interval(row.retention.average)


def _percent(found: "Retention | None") -> str:
    return formatting.percent(found and found.ratio)


def _interval(found: "Retention | None") -> str:
    if found is None or found.interval is None:
        return ""
    return " to ".join(f"{100 * end:.1f}" for end in found.interval)


def print_tasks(table: "TaskTable", console: Console) -> None:
    """Prints the figures, then what students keep; costs are left out where there is no room."""
    from kerastc.report.comparison.terminal import print_widest

    print_widest(console, lambda costs: _figures(table, costs), (2, 1, 0))
    if table.students:
        print_widest(console, lambda _: _retention(table), (0,))
        console.print(Text(RETENTION))


def caption(table: "TaskTable") -> str:
    """From which rows the figures are."""
    parts = {column.part for column in table.columns}
    if len(parts) == 1:
        return f"Figures of {parts.pop()} rows, mean ± standard deviation over seeds"
    told = (column.name for column in table.columns if column.part == "validation")
    return f"Figures of test rows, of validation rows for {', '.join(told)}"


def _figures(table: "TaskTable", costs: int) -> Table:
    shown = _empty(table, caption(table))
    for name in (*map(heading, table.columns), "average", *("training", "parameters")[:costs]):
        shown.add_column(Text(name), justify="right", min_width=5)
    for row in table.rows:
        cells = [figures(row, column) for column in table.columns] + [average(row)]
        told = (formatting.duration(row.total_seconds), formatting.count(row.most_parameters))
        shown.add_row(*_names(row), *map(_lines, cells), *told[:costs])
    return shown


def _retention(table: "TaskTable") -> Table:
    shown = _empty(table, f"Retention of {table.teacher}")
    for name in (*(column.name for column in table.columns), "average"):
        shown.add_column(Text(name), justify="right", min_width=6)
    for row in table.students:
        cells = [*(kept(row, column) for column in table.columns), kept_on_average(row)]
        shown.add_row(*_names(row), *map(_lines, cells))
    return shown


def _empty(table: "TaskTable", title: str) -> Table:
    shown = Table(
        title=Text(title),
        title_justify="left",
        box=SIMPLE_HEAD,
        header_style="bold",
        padding=(0, 1, 0, 0),
    )
    for field in table.fields:
        shown.add_column(Text(field), overflow="fold", min_width=6)
    return shown


def _names(row: "TaskRow") -> list[Text]:
    return [Text(wrapped(text, NAME)) for text in row.settings.values()]


def _lines(cell: tuple[str, str]) -> Text:
    return Text("\n".join(filter(None, cell)))


def to_csv(table: "TaskTable") -> str:
    """A line per setting: figures and deviations by task, averages, costs, retention."""
    lines = [list(_cells(table, row)) for row in table.rows]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([name for name, _ in lines[0]])
    writer.writerows([cell for _, cell in line] for line in lines)
    return buffer.getvalue()


def _cells(table: "TaskTable", row: "TaskRow") -> Iterator[tuple[str, Any]]:
    yield from row.settings.items()
    yield "seeds", len(row.seeds)
    for column in table.columns:
        for figure in column.figures:
            name = f"{column.name}_{figure.name}"
            found = row.figures.get(column.name, {}).get(figure.name, {})
            yield name, found.get("mean")
            yield f"{name}_deviation", found.get("deviation")
            if table.teacher:
                task = row.retention.figures.get(column.name, {}) if row.retention else {}
                yield from _kept_cells(f"{name}_retention", task.get(figure.name))
    yield "average", row.average and row.average["mean"]
    yield "average_deviation", row.average and row.average["deviation"]
    if table.teacher:
        yield from _kept_cells("average_retention", row.retention and row.retention.average)
    yield "training_seconds", row.total_seconds
    yield "parameters", row.most_parameters


def _kept_cells(name: str, found: "Retention | None") -> Iterator[tuple[str, Any]]:
    low, high = (found and found.interval) or (None, None)
    yield name, found and found.ratio
    yield f"{name}_low", low
    yield f"{name}_high", high

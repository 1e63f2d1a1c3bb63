"""The table of runs in a terminal: the essential figures, and as many more as fit."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.measure import Measurement
from rich.table import Table

from kerastc import formatting
from kerastc.console import Console, Text
from kerastc.report.comparison.task_text import print_tasks
from kerastc.scores.recommendation import RULE
from kerastc.table import shared_start, wrapped

if TYPE_CHECKING:
    from kerastc.report.comparison.table import Comparison
    from kerastc.report.output_page import Column

# Heading, cost and form of the columns between and after those of figures, the most needed first.
_COSTS = (
    (
        ("training", "seconds", formatting.duration),
        ("images", "images", formatting.count),
        ("parameters", "parameters", formatting.count),
    ),
    (("memory", "peak_memory_bytes", formatting.size),),
    (),
)
# For costs over seeds the mean is enough.
_FORMS = {
    "seconds": lambda found: formatting.duration(found["mean"]),
    "images": lambda found: formatting.count(found["mean"]),
}
_ESSENTIAL = 3  # columns always shown
NAME, SETTING = 30, 16  # characters per line of a run's name, and of a setting's value


def print_comparison(comparison: "Comparison", console: Console) -> None:
    """Prints the tables, those of the groups last, then the notes and the recommendation."""
    columns = _columns(comparison)
    known = (column for column in columns[_ESSENTIAL:] if comparison.known(*column[1:3]))
    shown = [*columns[:_ESSENTIAL], *known]
    print_widest(
        console,
        lambda columns: _runs(comparison, shown[:columns]),
        range(len(shown), _ESSENTIAL - 1, -1),
    )
    if comparison.groups:
        over_seeds = comparison.group_columns
        print_widest(
            console,
            lambda columns: _group_table(comparison, over_seeds[:columns]),
            range(len(over_seeds), _ESSENTIAL - 1, -1),
        )
    if comparison.tasks:
        print_tasks(comparison.tasks, console)
    intervals = "The page and the JSON form have 95 % intervals."
    for note in filter(None, [*comparison.notes, comparison.left_out, intervals]):
        console.print(Text(note))
    if comparison.recommendation:
        console.print(Text(comparison.recommendation.reason, style="bold"))
        console.print(Text(RULE))


def _columns(comparison: "Comparison") -> list[tuple]:
    """Heading, part, figure and form of each column, the most needed first."""
    found = []
    for tier, costs in enumerate(_COSTS):
        figures = comparison.compared.columns(tier)
        found += [(one.heading, one.part, one.figure, formatting.number) for one in figures]
        found += [(heading, "training", cost, form) for heading, cost, form in costs]
    return found


def print_widest(
    console: Console, table_of: Callable[[int], Table], columns: Sequence[int]
) -> None:
    """Prints the widest table that the terminal has room for, or else the narrowest.

    Args:
        console: the terminal.
        table_of: returns the table with a number of columns.
        columns: the numbers to try, the highest first.
    """
    for number in columns:
        table = table_of(number)
        least = Measurement.get(console, console.options.update(max_width=10_000), table).minimum
        if least <= console.width:
            break
    # Still too wide for the terminal: lines that wrap are better than columns cut off.
    console.print(table, width=max(console.width, least), crop=False)


def _runs(comparison: "Comparison", columns: Sequence[tuple]) -> Table:
    rows = [*comparison.rows, *comparison.baselines]
    cells = [[comparison.shown(row, field) for field in comparison.fields] for row in rows]
    shared = shared_start([row["run"] for row in comparison.rows])
    names = [row["run"].removeprefix(shared) for row in rows]
    title = f"All runs: {shared} …" if shared else ""
    table = new_table("run", names, comparison.fields, cells, title)
    for heading, *_ in columns:
        table.add_column(heading, justify="right", min_width=10)
    for place, (row, name, settings) in enumerate(zip(rows, names, cells, strict=True)):
        if place == len(comparison.rows):
            table.add_section()
        figures = [form(row[part][key]) for _, part, key, form in columns]
        table.add_row(Text(wrapped(name, NAME)), *map(_setting, settings), *figures)
    return table


def _group_table(comparison: "Comparison", columns: Sequence["Column"]) -> Table:
    cells = [
        [formatting.setting(group["settings"], field) for field in comparison.differing]
        for group in comparison.groups
    ]
    title = "Mean ± standard deviation over seeds"
    table = new_table("runs", (), comparison.differing, cells, title)
    for one in columns:
        width = 10 if one.part == "training" else 13
        table.add_column(one.heading, justify="right", min_width=width)
    for group, settings in zip(comparison.groups, cells, strict=True):
        figures = [
            _FORMS.get(one.figure, formatting.spread)(group[one.part][one.figure])
            for one in columns
        ]
        table.add_row(str(len(group["runs"])), *map(_setting, settings), *figures)
    return table


def _setting(value: str) -> Text:
    return Text(wrapped(value, SETTING))


def new_table(
    first: str,
    names: Sequence[str],
    fields: Sequence[str] = (),
    cells: Sequence[Sequence[str]] = (),
    title: str = "",
) -> Table:
    """A table whose values stay whole where the terminal is narrow; headings are folded first.

    Args:
        first: the heading of the first column.
        names: the content of that column, `wrapped` to `NAME` characters.
        fields: the headings after it, with their values in `cells`, a sequence per row.
        title: above the table.
    """
    table = Table(
        title=title or None,
        title_justify="left",
        box=SIMPLE_HEAD,
        header_style="bold",
        padding=(0, 1, 0, 0),
    )
    table.add_column(first, overflow="fold", min_width=_widest(names, NAME))
    for place, field in enumerate(fields):
        width = _widest([row[place] for row in cells], SETTING)
        table.add_column(Text(wrapped(field, SETTING)), overflow="fold", min_width=width)
    return table


def _widest(texts: Sequence[str], width: int) -> int:
    """Characters in the longest line of these texts when wrapped."""
    return max(
        (len(line) for text in texts for line in wrapped(text, width).split("\n")), default=4
    )

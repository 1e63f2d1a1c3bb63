"""What `kerastc data describe` prints."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.measure import Measurement
from rich.table import Table

from kerastc.console import Console, Text
from kerastc.formatting import count, number, percent, shown_text

_SHOWN_CLASSES = 40
_SHOWN_EXAMPLES = 5


def print_exploration(
    exploration: Mapping[str, Any], notes: Mapping[str, Any], console: Console | None = None
) -> None:
    """Prints the tables: classes, years, words, lengths, fits, noise, and what reading counted.

    Args:
        exploration: from `Exploration.as_dict`.
        notes: what was counted while the file was read.
        console: the terminal; by default standard output.
    """
    console = console or Console(highlight=False)
    console.print(Text(exploration["source"]), soft_wrap=True)
    found = [_classes(exploration), _years(exploration), _words(exploration["words"])]
    found += [_lengths(exploration["lengths"]), _fits(exploration["fits"])]
    print_tables(console, [table for table in found if table])
    frequent = [f"{word} {rows:,}" for word, rows in exploration["words"]["most_frequent"][:10]]
    console.print(Text(f"Most frequent words: {', '.join(frequent)}\n"))
    _print_noise(console, exploration["noise"])
    for name, value in notes.items():
        console.print(Text(f"{name}: {value:,}"))


def print_tables(console: Console, tables: Iterable[Table]) -> None:
    """Prints tables whose figures stay whole, wider than the terminal if need be."""
    for table in tables:
        for column in table.columns:
            if column.justify == "right":  # a figure folded over two lines is hard to read
                column.min_width = max(map(len, column.cells))
        # Lines that wrap in a narrow terminal are better than figures cut off.
        least = Measurement.get(console, console.options.update(max_width=10_000), table)
        console.print(table, width=max(console.width, least.minimum), crop=False)


def _classes(exploration: Mapping[str, Any]) -> Table:
    classes = sorted(exploration["classes"].items(), key=lambda pair: -pair[1])
    table = new_table("Classes", "class", "texts", "share")
    for name, rows in classes[:_SHOWN_CLASSES]:
        table.add_row(Text(name), count(rows), percent(rows / exploration["rows"]))
    if rest := classes[_SHOWN_CLASSES:]:
        rows = sum(rows for _, rows in rest)
        table.add_row(f"{len(rest)} smaller ones", count(rows), percent(rows / exploration["rows"]))
    table.add_section()
    table.add_row("all", count(exploration["rows"]))
    return table


def _years(exploration: Mapping[str, Any]) -> Table | None:
    years = exploration["years"]
    if not years:
        return None
    table = new_table("Texts by year", "year", *next(iter(years.values())), "all")
    for year, rows in years.items():
        cells = [*rows.values(), sum(rows.values())]
        table.add_row("no date" if year == "0" else year, *map(count, cells))
    return table


def _words(words: Mapping[str, Any]) -> Table | None:
    if not words["unique"]:
        return None
    title = f"{words['unique']:,} different words, {words['occurrences']:,} in all"
    table = new_table(title, "of all occurrences", "are covered by the most frequent")
    for share, needed in words["coverage"]:
        table.add_row(percent(share), count(needed))
    return table


def _lengths(lengths: Mapping[str, Any]) -> Table:
    columns = ("shortest", "median", "mean", "99.7 % up to", "longest")
    table = new_table("Lengths", "in", *columns)
    for unit, found in lengths.items():
        middle = (number(found["median"], 1), number(found["mean"], 1))
        table.add_row(
            unit, count(found["shortest"]), *middle, count(found["most"]), count(found["longest"])
        )
    return table


def _fits(fits: Sequence[Mapping[str, Any]]) -> Table:
    title = "Distributions of the length in words, the best fit first"
    table = new_table(title, "distribution", "squared error")
    table.add_column("parameters", overflow="fold")
    for fit in fits:
        if fit["problem"]:
            table.add_row(fit["distribution"], "", f"no fit: {fit['problem']}")
        else:
            values = ", ".join(f"{name} {number(v)}" for name, v in fit["parameters"].items())
            table.add_row(fit["distribution"], f"{fit['squared_error']:.3g}", values)
    return table


def _print_noise(console: Console, noise: Mapping[str, Any]) -> None:
    console.print(Text("Label noise", style="italic"))
    if not noise["rows"]:
        console.print("No text occurs in more than one row, so labels cannot be compared.")
        return
    console.print(
        f"Texts that occur in more than one row: {noise['texts']:,}, in {noise['rows']:,} rows.\n"
        f"Those with several classes: {noise['conflicting']:,}.\n"
        f"Rows whose class is not that of most rows with their text: {noise['disagreeing']:,} "
        f"({percent(noise['estimate'], 2)})."
    )
    for example in noise["examples"][:_SHOWN_EXAMPLES]:
        classes = ", ".join(f"{name} {rows:,}" for name, rows in example["classes"].items())
        console.print(Text(f"  {shown_text(example['text'], 60)}: {classes}"))


def new_table(title: str, first: str, *figures: str) -> Table:
    """A table with words in its first column and figures in the others."""
    table = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD)
    table.add_column(first, overflow="fold")
    for name in figures:
        table.add_column(Text(name), justify="right", overflow="fold")
    return table

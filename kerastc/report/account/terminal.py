"""An account on the terminal: a row per model, then the dominated and recommended ones."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table

from kerastc import formatting
from kerastc.console import Console, Text
from kerastc.report.comparison.terminal import NAME, new_table, print_widest
from kerastc.scores.pareto import judged
from kerastc.table import shared_start, wrapped

if TYPE_CHECKING:
    from kerastc.report.account.data import Account


def _figure(key: str) -> Callable[[Mapping[str, Any]], str]:
    """A figure with its interval below it."""
    one, both = formatting.number, formatting.interval
    if key == "difference":
        one, both = formatting.signed, formatting.signed_interval

    def cell(row: Mapping[str, Any]) -> str:
        figures = judged(row)
        return f"{one(figures[key])}\n{both(figures[f'{key}_interval'])}".rstrip()

    return cell


def _columns(account: "Account") -> list[tuple[str, Callable[[Mapping[str, Any]], str]]]:
    """Heading and form of each column, the most needed first."""
    main = account.main
    shares = [one for one in account.others if one.share]
    others = [one for one in account.others if not one.share]
    return [
        (main.label, _figure(main.name)),
        ("size", lambda row: formatting.size(row["bytes"])),
        ("p50", lambda row: formatting.milliseconds(row["latency_p50_ms"])),
        ("to original", _figure("difference")),
        ("agreement", lambda row: formatting.number(judged(row)["agreement"])),
        *((one.label, _figure(one.name)) for one in shares),
        ("parameters", lambda row: formatting.count(row["parameters"])),
        ("gzip", lambda row: formatting.size(row["gzip_bytes"])),
        ("p95", lambda row: formatting.milliseconds(row["latency_p95_ms"])),
        ("memory", lambda row: formatting.size(row["peak_memory_bytes"])),
        *((one.label, _figure(one.name)) for one in others),
        ("took", lambda row: formatting.duration(row["seconds"])),
    ]


_ESSENTIAL = 3


def print_account(account: "Account", console: Console) -> None:
    """Prints the table, the notes, the dominated models and the recommended ones."""
    print_widest(
        console,
        lambda columns: _models(account, columns),
        range(len(_columns(account)), _ESSENTIAL - 1, -1),
    )
    others = "; --json and --csv have those of validation, too" * (account.judged_on == "test")
    console.print(
        f"{account.judged_on.capitalize()} figures with 95 % intervals{others}. Took: "
        "for the original its training, for the others their steps since."
    )
    for note in account.notes:
        console.print(Text(note))
    if account.beaten:
        console.print(
            "Dominated, as another model is no larger, no slower and no less "
            f"{account.main.adjective}:"
        )
    for model, by in account.beaten.items():
        console.print(Text(f"  {model} by {account.nearest(by)}"))
    for sentence in account.advice:
        console.print(Text(sentence, style="bold"))
    if account.recommended:
        console.print(Text(account.rule))


def _models(account: "Account", columns: int) -> Table:
    original, *children = [row["model"] for row in account.rows]
    shared = shared_start(children)
    names = [original, *(name.removeprefix(shared) for name in children)]
    title = "The original and what was compressed from it"
    if shared:
        title += f", all by {shared}…"
    table = new_table("model", names, title=title)
    shown = _columns(account)[:columns]
    rows = [[form(row) for _, form in shown] for row in account.rows]
    for (heading, _), cells in zip(shown, zip(*rows, strict=True), strict=True):
        width = max(len(line) for cell in cells for line in cell.split("\n"))
        table.add_column(heading, justify="right", min_width=width)
    for row, name, cells in zip(account.rows, names, rows, strict=True):
        style = "dim" if row["model"] in account.beaten else None
        table.add_row(Text(wrapped(name, NAME)), *cells, style=style)
    return table

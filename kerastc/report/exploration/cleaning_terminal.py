"""What `kerastc data prepare` shows: the fate of the rows, and the cost."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from kerastc.data.cleaning.cleaning import Cleaned
from kerastc.data.cleaning.report import CleaningReport
from kerastc.report.terminal import console

UNMAPPED_SHOWN = 10
MIB = 2**20


def cleaning_tables(cleaned: Cleaned, written: Sequence[Path]) -> None:
    """Rows in and out, each reason with an example, the classes, each step, the files."""
    report = cleaned.report
    console.print(escape(cleaned.texts.source))
    console.print(_rows(report))
    _unmapped(report)
    console.print(_classes(cleaned))
    console.print(_steps(report))
    for name, path in zip(("Rows", "Report", "Rejected"), written, strict=True):
        console.print(f"{name + ':':10}{path}", soft_wrap=True, markup=False)


def _rows(report: CleaningReport) -> Table:
    table = _table("", "rows", "line", "for example")
    table.columns[-1].justify, table.columns[-1].no_wrap = "left", False
    table.add_row("in the file", f"{report.rows_in:,}")
    _reasons(table, "- ", report.rejected, report)
    table.add_row("[bold]kept", f"[bold]{report.rows_kept:,}")
    table.add_section()
    _reasons(table, "", report.counted, report)
    return table


def _reasons(table: Table, sign: str, counts: Counter[str], report: CleaningReport) -> None:
    for reason, rows in counts.most_common():
        line, text = report.examples[reason][0]
        table.add_row(sign + escape(reason), f"{rows:,}", f"{line:,}", escape(text))


def _unmapped(report: CleaningReport) -> None:
    if not report.unmapped:
        return
    table = _table("unmapped category", "rows")
    for name, rows in list(report.unmapped.items())[:UNMAPPED_SHOWN]:
        table.add_row(escape(name), f"{rows:,}")
    console.print(table)
    more = len(report.unmapped) - UNMAPPED_SHOWN
    if more > 0:
        console.print(f"and {more:,} more categories that no rule names; the report has them all")
    console.print("Write a rule for each (NAME = PRIMARY) and give the file as --categories.")


def _classes(cleaned: Cleaned) -> Table:
    table = _table("primary category", "rows", "share")
    for name, rows in zip(cleaned.texts.classes, cleaned.texts.class_counts(), strict=True):
        table.add_row(escape(name), f"{rows:,}", f"{rows / len(cleaned.texts):.1%}")
    return table


def _steps(report: CleaningReport) -> Table:
    table = _table("step", "rows", "seconds", "rows/s", "peak memory")
    for step in report.steps:
        table.add_row(
            step.name,
            f"{step.rows:,}",
            f"{step.seconds:.1f}",
            f"{step.rows_per_second:,.0f}",
            f"{step.peak_memory_bytes / MIB:,.0f} MiB",
        )
    return table


def _table(*columns: str) -> Table:
    table = Table(header_style="bold", box=SIMPLE_HEAD)
    for number, name in enumerate(columns):
        table.add_column(name, no_wrap=True, justify="right" if number else "left")
    return table

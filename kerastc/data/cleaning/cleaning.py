"""Cleans a file of labelled texts: every row is kept, or counted under a reason."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kerastc.data.cleaning.categories import CategoryRules
from kerastc.data.cleaning.report import CleaningReport
from kerastc.data.cleaning.rows import Rows, read_rows
from kerastc.data.dates import date_columns
from kerastc.data.tables.columns import NamedColumns
from kerastc.data.tables.encodings import known_encoding
from kerastc.data.tables.guessed_columns import labelled_columns
from kerastc.data.tables.reading import Reading
from kerastc.data.tables.table_folder import own_parts
from kerastc.data.tables.table_kinds import open_table
from kerastc.data.texts.duplicates import normal_text
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.text.preparation import TextPreparation

UNMAPPED = "unmapped category"
CONFLICT = "the text has another category"
DUPLICATE = "duplicate of an earlier row"
PREPARED_AWAY = "empty after preparation"
CONFLICTING = "text under several categories"


@dataclass(frozen=True)
class Cleaned:
    """The rows that `clean` kept, in the order of the file, and why the others were rejected.

    Args:
        texts: prepared texts under their primary categories; dates if the file has them (0: a row
            without one); the notes are the report's counts.
        originals: (n,) `str` objects; the texts as in the file, white space folded.
        categories: (n,) `str` objects; the categories as in the file, white space folded.
        lines: (n,) int64; where each row begins in the file, from 1.
        options: the arguments of `clean`, and the columns that it took.
        report: counts, examples, costs.
    """

    texts: LabelledTexts
    originals: np.ndarray
    categories: np.ndarray
    lines: np.ndarray
    options: dict[str, Any]
    report: CleaningReport


def clean(
    path: str | Path,
    text: Sequence[str] = (),
    label: str = "",
    date: str | Sequence[str] = (),
    *,
    categories: CategoryRules | None = None,
    preparation: TextPreparation | None = None,
    duplicates: Literal["drop", "keep"] = "drop",
    conflicts: Literal["majority", "drop", "keep"] = "majority",
    encoding: str = "utf-8",
    fallback_encoding: str = "",
    delimiter: str = "",
    header: bool = True,
    sheet: str = "",
) -> Cleaned:
    """Reads a file, however dirty, and keeps the usable rows.

    Texts are the same if they differ only in case, punctuation and white space (`normal_text`),
    before preparation; duplicates and conflicts are judged by primary category.

    Args:
        path: a table of any kind that `read_texts` takes; from a folder of parts, the training
            rows are taken.
        text: the text columns, joined by a space if there are several; guessed if empty.
        label: the category column; guessed if empty.
        date: its column, or those of year, month and day; guessed if empty. A row with a bad date
            is kept without one.
        categories: from the categories as written to primary ones; None leaves them as they are.
            A row whose category matches no rule is rejected, and the category reported.
        preparation: of the texts; None leaves them as they are.
        duplicates: "drop" keeps the first of the rows with the same text and category.
        conflicts: for a text under several categories, "majority" keeps the rows of its most
            frequent category, on a tie the first one; "drop" keeps none.
        encoding: of the file.
        fallback_encoding: for lines not in that encoding; without it they are rejected.
        delimiter: between the columns; detected if empty.
        header: False if the first line is a row; the columns are then called 1, 2, ...
        sheet: of a workbook; if empty, the only one that has rows.

    Raises:
        UserError: the whole file is unreadable (no table, no such column), or no row is left.
    """
    preparation = preparation or TextPreparation()
    if fallback_encoding:
        known_encoding(fallback_encoding)  # refuses an unknown encoding
    reading = Reading((), "", " ", encoding, delimiter, header, sheet)
    table = open_table(path, reading, lenient=True)
    columns, label, source = labelled_columns(table, text, label)
    dates = date_columns(table, date, [*columns, label])
    report = CleaningReport()
    with report.step("read"):
        rows = read_rows(table, columns, dates, label, report, fallback_encoding)
    with report.step("categories", len(rows)):
        labels, classes = _primary_categories(rows, categories, report)
    with report.step("duplicates", len(rows)):
        labels = _without_duplicates(rows, labels, duplicates, conflicts, report)
    with report.step("preparation", len(rows)):
        prepared = preparation.apply(rows.texts)
        empty = np.array([not text for text in prepared], bool)
        keep = rows.reject(empty, PREPARED_AWAY, report)
    report.rows_kept = len(rows)
    if not len(rows):
        raise _nothing_left(table, report)
    options = {
        "file": str(path),
        "columns": {"text": columns, "label": label, "date": dates},
        "categories": categories.source if categories else None,
        "preparation": asdict(preparation),
        "duplicates": duplicates,
        "conflicts": conflicts,
        "encoding": encoding,
        "fallback_encoding": fallback_encoding,
        "delimiter": delimiter,
        "header": header,
        "sheet": sheet,
    }
    days = rows.days if dates else None
    reading = replace(reading, text=tuple(columns), label=label)
    return Cleaned(
        replace(
            _labelled(prepared[keep], labels[keep], classes, days, source, report, reading),
            parts=own_parts(path),
        ),
        rows.texts,
        np.array(rows.names, object)[rows.codes],
        rows.lines,
        options,
        report,
    )


def _primary_categories(
    rows: Rows, rules: CategoryRules | None, report: CleaningReport
) -> tuple[np.ndarray, list[str]]:
    """Class indices of the rows, (n,) int32, and the classes; rows without one are rejected."""
    names = rows.names
    primary = [rules.primary(name) for name in names] if rules else names
    classes = sorted({name for name in primary if name is not None})
    index = {name: number for number, name in enumerate(classes)}
    table = np.array([index.get(name, -1) for name in primary], np.int32)
    counts = np.bincount(rows.codes, minlength=len(names))
    unmapped = [code for code in np.argsort(-counts, kind="stable") if table[code] < 0]
    report.unmapped = {names[code]: int(counts[code]) for code in unmapped if counts[code]}
    rows.reject(table[rows.codes] < 0, UNMAPPED, report)
    return table[rows.codes], classes


def _without_duplicates(
    rows: Rows, labels: np.ndarray, duplicates: str, conflicts: str, report: CleaningReport
) -> np.ndarray:
    """Rejects conflicts, then duplicates, by their rules; returns the labels left, (m,)."""
    first_of: dict[str, int] = {}
    texts = np.array([first_of.setdefault(normal_text(t), len(first_of)) for t in rows.texts])
    del first_of  # as large as the texts
    texts = texts.astype(np.int64)
    winner, several = _categories_of_texts(texts, labels)
    for row in np.flatnonzero(several[texts])[_firsts(texts[several[texts]])]:
        report.count(int(rows.lines[row]), CONFLICTING, rows.texts[row])
    if conflicts != "keep":
        lost = several[texts] if conflicts == "drop" else labels != winner[texts]
        keep = rows.reject(lost, CONFLICT, report)
        texts, labels = texts[keep], labels[keep]
    if duplicates == "drop":
        again = np.ones(len(rows), bool)
        again[_firsts(_pairs(texts, labels))] = False
        labels = labels[rows.reject(again, DUPLICATE, report)]
    return labels


def _categories_of_texts(texts: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each text's most frequent category, and whether it has several.

    Args:
        texts: (n,) int64 numbers of the texts, 0 to m - 1, each at least once.
        labels: (n,) int32.

    Returns:
        (m,) int64 and (m,) bool. On a tie the category that occurs first wins.
    """
    pairs, first, counts = np.unique(_pairs(texts, labels), return_index=True, return_counts=True)
    text = pairs >> 32
    order = np.lexsort((first, -counts, text))  # each text's best category first
    best = order[_firsts(text[order])]
    return pairs[best] & 0xFFFFFFFF, np.bincount(text) > 1


def _pairs(texts: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return (texts << 32) | labels


def _firsts(values: np.ndarray) -> np.ndarray:
    """Where each value first occurs, in ascending order of the values."""
    return np.unique(values, return_index=True)[1]


def _labelled(
    prepared: np.ndarray,
    labels: np.ndarray,
    classes: list[str],
    dates: np.ndarray | None,
    source: str,
    report: CleaningReport,
    reading: Reading,
) -> LabelledTexts:
    """The result without the classes that have no rows left."""
    used, labels = np.unique(labels, return_inverse=True)
    notes = {
        "rows in the file": report.rows_in,
        **{f"rejected: {reason}": rows for reason, rows in report.rejected.most_common()},
        **dict(report.counted.most_common()),
    }
    names = tuple(classes[i] for i in used)
    return LabelledTexts(prepared, labels.astype(np.int32), names, source, notes, dates, reading)


def _nothing_left(table: NamedColumns, report: CleaningReport) -> UserError:
    path = table.path
    if not report.rows_in:
        return UserError(f"{path} has a header and no rows.", "Give a row for each text.")
    reasons = ", ".join(f"{reason} {rows:,}" for reason, rows in report.rejected.most_common())
    reason, _ = report.rejected.most_common(1)[0]
    line, text = report.examples[reason][0]
    return UserError(
        f"{path}: none of {report.rows_in:,} rows can be kept ({reasons}).",
        f"The first with the reason {reason!r} is {table.unit} {line}: {text}",
    )

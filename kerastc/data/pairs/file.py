"""Pairs of texts from a user's table, of any kind."""

from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from kerastc.data.label_names import Labels
from kerastc.data.pairs.pairs import LabelledPairs, pair_array
from kerastc.data.tables.columns import NamedColumns
from kerastc.data.tables.guessed_columns import label_column, language_column, pair_columns
from kerastc.data.tables.reading import Reading
from kerastc.data.tables.table_folder import own_parts, part_location
from kerastc.data.tables.table_kinds import open_table
from kerastc.data.texts.text_file import joined, refuse_empty, refuse_few_classes
from kerastc.errors import UserError
from kerastc.progress import tell

GOLD = "gold_label"  # of SNLI and its relatives: "-" where the annotators did not agree
DISAGREEMENT = "-"
EVERY = "all"  # languages
UNNAMED = ("1", "2", "3")  # first, second and label of PAWS-X without its header


def read_pairs(
    path: str | Path,
    first: str = "",
    second: str = "",
    label: str = "",
    language: str = "",
    encoding: str = "utf-8",
    delimiter: str = "",
    header: bool = True,
    sheet: str = "",
    one_class: bool = False,
) -> LabelledPairs:
    """Reads labelled pairs; white space in their texts is folded to single spaces.

    Columns that are not named are guessed: sentence1, sentence2 and gold_label as in XNLI, label as
    in PAWS-X, premise and hypothesis, and others. A file of three columns whose first row ends in a
    number and names no column, as in some copies of PAWS-X, is read as rows of first, second and
    label. Rows with the gold_label "-" are left out and counted.

    Args:
        path: CSV or TSV, JSON Lines, JSON, plain or gzip; .xlsx, Parquet, Arrow, or a folder, as
            `read_texts` takes them.
        first, second: the columns of the two texts.
        label: the class column.
        language: which rows to take, by the column `language`, or "all"; empty if the file has one
            language. A file without that column is taken whole, which its notes say: XNLI's
            translated training files have none, its development file has one.
        encoding, delimiter, header, sheet: of the file, as in `read_texts`.
        one_class: allow a file in which all rows have one class (to measure, not to train).

    Raises:
        UserError: with file, line and column: the file cannot be read as such a table, rows lack
            a text or a label, or the file has several languages.
    """
    given = Reading((), "", " ", encoding, delimiter, header, sheet, language)
    table, columns, label, given, source = _opened(path, given, (first, second), label)
    wanted = _Language(table, language)
    pairs, names, numbers, disagreements = [], [], [], 0
    labels = Labels()
    with closing(table.rows([*columns, *wanted.columns, label])) as rows:
        for line, values in rows:
            if not wanted.takes(values[2:-1]):
                continue
            name = labels.name(values[-1])
            if name == DISAGREEMENT and label.casefold() == GOLD:
                disagreements += 1
                continue
            pairs.append((joined(values[:1]), joined(values[1:2])))
            names.append(name)
            numbers.append(line)
    wanted.check()
    _refuse_incomplete(table, columns, pairs, numbers)
    refuse_empty(
        table, "label", [label], [n for n, name in zip(numbers, names, strict=True) if not name]
    )
    refuse_few_classes(table, "pair", label, names, one_class)
    notes = {"rows left out: their annotators did not agree": disagreements}
    notes |= {f"rows left out: of another language than {language}": wanted.others}
    if language not in ("", EVERY) and not wanted.columns:
        notes[f"rows taken as {language}, since no column tells their language"] = len(pairs)
    reading = replace(given, text=tuple(columns), label=label)
    classes = tuple(sorted(set(names)))
    index = {name: number for number, name in enumerate(classes)}
    return LabelledPairs(
        pair_array(pairs),
        np.array([index[name] for name in names], np.int32),
        classes,
        source + (f", language {language}" if language else ""),
        {what: count for what, count in notes.items() if count} | dict(table.notes),
        reading=reading,
        parts=own_parts(path),
    )


def unlabelled_pairs(path: str | Path, reading: Reading) -> tuple[np.ndarray, str]:
    """Pairs to predict from the files of `read_pairs`; from a folder of parts, the test rows.

    Args:
        path: the file.
        reading: how its rows become pairs; columns not named in it are guessed.

    Returns:
        (n, 2) object, and `columns premise, hypothesis (guessed)` or the like.
    """
    location = part_location(path, "test")
    named = reading.text if len(reading.text) == 2 else ("", "")
    table, columns, _, _, _ = _opened(location, reading, named, None)
    wanted = _Language(table, reading.language)
    pairs, numbers = [], []
    with closing(table.rows([*columns, *wanted.columns])) as rows:
        for line, values in rows:
            if wanted.takes(values[2:]):
                pairs.append((joined(values[:1]), joined(values[1:2])))
                numbers.append(line)
    wanted.check()
    _refuse_incomplete(table, columns, pairs, numbers)
    if not pairs:
        raise UserError(f"{table.path} holds no pairs.", "Give a row for each pair.")
    for what, count in table.notes.items():
        tell(f"{what}: {count:,}")
    remark = f", {table.remark}" if table.remark else ""
    remark += f" of {location}" if location != str(path) else ""
    guessed = "" if any(named) else " (guessed)"
    return pair_array(pairs), f"columns {columns[0]}, {columns[1]}{guessed}{remark}"


def _opened(
    path: str | Path, reading: Reading, named: tuple[str, str], label: str | None
) -> tuple[NamedColumns, list[str], str, Reading, str]:
    """The table, its columns, the label column (None: not needed), the reading, the source."""
    table = open_table(path, reading)
    if reading.header and not any((*named, label)) and _is_row(table):
        reading = replace(reading, header=False)
        table = open_table(path, reading)
        named, label, guessed = UNNAMED[:2], UNNAMED[2] if label is not None else None, True
    else:
        guessed = False
    columns, guessed_pair = pair_columns(table, *named)
    of_label, guessed_label = ("", False)
    if label is not None:
        of_label, guessed_label = label_column(table, label, columns)
    remark = f" ({table.remark})" if table.remark else ""
    told = ["(guessed)" if guessed or found else "" for found in (guessed_pair, guessed_label)]
    source = f"{table.name}{remark}: pairs of {columns[0]} and {columns[1]} {told[0]}".rstrip()
    source += f", classes from {of_label} {told[1]}".rstrip()
    return table, columns, of_label, reading, source + (", no header (guessed)" if guessed else "")


def _is_row(table: NamedColumns) -> bool:
    """Whether the names of a table's columns are really a row: two texts and a number."""
    return (
        table.headed
        and len(table.columns) == 3
        and table.columns[2].isdecimal()
        and not any(name.isdecimal() for name in table.columns[:2])
    )


class _Language:
    """Takes the rows of one language.

    Args:
        table: may have a column of languages.
        wanted: the language, "all", or empty.

    Attributes:
        columns: to read in addition to the others.
        others: rows that were not taken.
    """

    def __init__(self, table: NamedColumns, wanted: str):
        self._table = table
        self._wanted = wanted
        self.columns = [column] if (column := language_column(table)) else []
        self._found: Counter[str] = Counter()

    @property
    def others(self) -> int:
        """Rows of other languages."""
        if not self.columns or self._wanted in ("", EVERY):
            return 0
        return sum(self._found.values()) - self._found[self._wanted.casefold()]

    def takes(self, values: tuple[object, ...]) -> bool:
        """Whether a row is taken, by the values of `columns`."""
        if not values:
            return True
        name = joined(values).casefold()
        self._found[name] += 1
        return self._wanted in ("", EVERY) or name == self._wanted.casefold()

    def check(self) -> None:
        """Once all rows were seen, refuses several languages if none was named.

        Raises:
            UserError: also if no row is in the language that was named.
        """
        known = ", ".join(sorted(self._found))
        if not self._wanted and len(self._found) > 1:
            raise UserError(
                f"{self._table.path}, column {self.columns[0]!r}: {len(self._found)} languages: "
                f"{known}.",
                f"Take one with language={min(self._found)}, or all with language={EVERY}.",
            )
        if (
            self._wanted not in ("", EVERY)
            and self._found
            and not self._found[self._wanted.casefold()]
        ):
            raise UserError(
                f"{self._table.path}, column {self.columns[0]!r}: no row is of the language "
                f"{self._wanted!r}.",
                f"There are: {known}.",
            )


def _refuse_incomplete(
    table: NamedColumns,
    columns: list[str],
    pairs: list[tuple[str, str]],
    numbers: list[int],
) -> None:
    """Refuses pairs that lack a text."""
    for side, (role, column) in enumerate(zip(("first text", "second text"), columns, strict=True)):
        empty = [n for n, pair in zip(numbers, pairs, strict=True) if not pair[side]]
        refuse_empty(table, role, [column], empty)

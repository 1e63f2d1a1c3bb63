"""Texts from a user's table, of any kind, or from a file with a text on each line."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from kerastc.data.label_names import Labels, written
from kerastc.data.tables.columns import NamedColumns
from kerastc.data.tables.excel_file import known_sheet
from kerastc.data.tables.guessed_columns import labelled_columns, text_columns
from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tables.reading import Reading, columns_in_words
from kerastc.data.tables.table_folder import own_parts, part_location
from kerastc.data.tables.table_kinds import is_table, open_table
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.progress import tell
from kerastc.text.cutting import TOO_LONG, cut_at_word


def read_texts(
    path: str | Path,
    text: Sequence[str] = (),
    label: str = "",
    max_characters: int = 0,
    separator: str = " ",
    encoding: str = "utf-8",
    one_class: bool = False,
    delimiter: str = "",
    header: bool = True,
    sheet: str = "",
) -> LabelledTexts:
    """Reads labelled texts; white space in them is folded to single spaces.

    Args:
        path: CSV or TSV with a header, JSON Lines, JSON, plain or gzip; .xlsx, Parquet, Arrow; a
            folder of Parquet files or one that `datasets` saved: its training rows are taken, and
            its other parts named in the result's `parts`.
        text: the text columns, joined by `separator` if there are several; guessed if empty.
        label: the class column; guessed if empty. The result's `source` states guesses.
        max_characters: longer texts are cut at a word and counted in the notes; 0 does not cut.
        encoding: of the file; a byte order mark is dropped.
        delimiter: between the columns; detected if empty.
        header: False if the first line is a row; the columns are then called 1, 2, ...
        sheet: of a workbook; if empty, the only one that has rows.
        one_class: allow a file in which all rows have one class (to measure, not to train).

    Raises:
        UserError: with file, line and column: the file cannot be read as such a table, or rows
            lack a text or a label.
    """
    given = Reading((), "", separator, encoding, delimiter, header, sheet)
    table = open_table(path, given)
    columns, label, source = labelled_columns(table, text, label)
    texts, names, cut = [], [], 0
    labels = Labels()
    no_text, no_label = [], []
    with closing(table.rows([*columns, label])) as rows:
        for line, values in rows:
            folded = joined(values[:-1], separator)
            if max_characters and len(folded) > max_characters:
                folded = cut_at_word(folded, max_characters)
                cut += 1
            name = labels.name(values[-1])
            if not folded:
                no_text.append(line)
            if not name:
                no_label.append(line)
            texts.append(folded)
            names.append(name)
    refuse_empty(table, "text", columns, no_text)
    refuse_empty(table, "label", [label], no_label)
    refuse_few_classes(table, "text", label, names, one_class)
    notes = {TOO_LONG.format(max_characters, "characters"): cut} if max_characters else {}
    reading = replace(given, text=tuple(columns), label=label)
    return replace(
        LabelledTexts.of(texts, names, source, notes | dict(table.notes), reading=reading),
        parts=own_parts(path),
    )


def read_unlabelled(
    path: str | Path,
    text: Sequence[str] = (),
    encoding: str = "utf-8",
    separator: str = " ",
    delimiter: str = "",
    header: bool = True,
    sheet: str = "",
) -> list[str]:
    """Reads texts to predict from the files of `read_texts`, or from one with a text per line.

    A text file is read as a table if its extension is .csv, .tsv, .tab, .jsonl, .ndjson or .json,
    or if `text` names columns. From a folder of parts the test rows are taken. Blank lines at the
    end of a plain file are dropped; others would shift the answers against the lines, so they are
    refused as empty texts.
    """
    reading = Reading(tuple(text), "", separator, encoding, delimiter, header, sheet)
    texts, _ = unlabelled_texts(path, reading)
    return texts


def unlabelled_texts(
    path: str | Path, reading: Reading, table: bool = False
) -> tuple[list[str], str]:
    """As `read_unlabelled`, with the columns that the texts are from.

    Args:
        path: the file.
        reading: how its rows become texts; columns not named in it are guessed.
        table: whether it is a table whatever its extension.

    Returns:
        The texts, and `column headline (guessed)` or the like; empty for a text per line.
    """
    if not (table or reading.text or is_table(path)):
        return _texts_of_lines(PlainFile.at(path, reading.encoding)), ""
    location = part_location(path, "test")
    opened = open_table(location, reading)
    columns, guessed = text_columns(opened, reading.text)
    with closing(opened.rows(columns)) as rows:
        numbers, texts = _unzipped((n, joined(values, reading.separator)) for n, values in rows)
    empty = [n for n, text in zip(numbers, texts, strict=True) if not text]
    refuse_empty(opened, "text", columns, empty)
    if not texts:
        raise UserError(f"{opened.path} holds no texts.", "Give a row for each text.")
    for what, count in opened.notes.items():
        tell(f"{what}: {count:,}")
    remark = f", {opened.remark}" if opened.remark else ""
    remark += f" of {location}" if location != str(path) else ""
    return texts, f"{columns_in_words(columns)}{' (guessed)' if guessed else ''}{remark}"


def _texts_of_lines(file: PlainFile) -> list[str]:
    with closing(file.lines()) as lines:
        texts = [" ".join(line.split()) for line in lines]
    while texts and not texts[-1]:
        texts.pop()
    empty = [number for number, text in enumerate(texts, 1) if not text]
    if empty:
        raise _empty(file.path, "line", "text", (), empty)
    if not texts:
        raise UserError(f"{file.path} holds no texts.", "Give a row for each text.")
    return texts


def further_texts(path: str | Path, reading: Reading) -> list[str]:
    """Texts to train a run's model on without labels, as in `read_unlabelled`.

    From a table the run's own columns are taken if it has them all, else guessed ones, named on
    standard error.

    Args:
        path: the file.
        reading: the run's.
    """
    if is_table(path):
        path = part_location(path, "train")
        reading = replace(reading, sheet=known_sheet(path, reading.sheet))
        table = open_table(path, reading)
        if not set(reading.text) <= set(table.columns):
            reading = replace(reading, text=())
    else:
        reading = Reading(encoding=reading.encoding)
    texts, origin = unlabelled_texts(path, reading)
    tell(f"Read {len(texts):,} texts of {path}{f' from {origin}' if origin else ''}.")
    return texts


def joined(parts: Sequence[object], separator: str = " ") -> str:
    """The nonempty parts, joined, with white space folded to single spaces."""
    parts = [part if type(part) is str else written(part) for part in parts]
    if len(parts) == 1:
        return " ".join(parts[0].split())
    return " ".join(separator.join(part for part in parts if part).split())


def _unzipped(pairs: Iterable[tuple[int, str]]) -> tuple[list[int], list[str]]:
    lines, texts = [], []
    for line, row in pairs:
        lines.append(line)
        texts.append(row)
    return lines, texts


def refuse_empty(
    table: NamedColumns, role: str, columns: Sequence[str], numbers: Sequence[int]
) -> None:
    """Refuses rows, by their numbers, whose columns are empty; `role` is what they are for."""
    if numbers:
        error = _empty(table.path, table.unit, role, columns, numbers)
        told = [f"{what}: {count:,}" for what, count in table.notes.items()]
        error.hint = "\n".join([error.hint, *told])
        raise error


def refuse_few_classes(
    table: NamedColumns, unit: str, label: str, names: Sequence[str], one_class: bool
) -> None:
    """Refuses a table without rows, or, unless `one_class`, with rows of a single class.

    Args:
        table: that was read.
        unit: what a row is called.
        label: the column of classes.
        names: the class of each row.
        one_class: whether one class is enough.
    """
    if not names:
        raise UserError(f"{table.path} has a header and no rows.", f"Give a row for each {unit}.")
    if len(set(names)) == 1 and not one_class:
        raise UserError(
            f"{table.path}, column {label!r}: every row has the class {names[0]!r}.",
            f"At least two classes are needed. The columns are {table.shown_columns()}; "
            "set label= to the one with the classes.",
        )


def _empty(
    path: Path, unit: str, role: str, columns: Sequence[str], numbers: Sequence[int]
) -> UserError:
    shown = ", ".join(map(str, numbers[:5])) + (", ..." if len(numbers) > 5 else "")
    where = f", column {' + '.join(map(repr, columns))}" if columns else ""
    count = f"an empty {role} in" if len(numbers) == 1 else f"{len(numbers):,} empty {role}s, in"
    hint = f"Remove such rows or give them a {role}"
    if role == "label":
        hint += "; null, NaN, N/A and <NA> are none"
    return UserError(
        f"{path}{where}: {count} {unit}{'s' * (len(numbers) > 1)} {shown}.", f"{hint}."
    )

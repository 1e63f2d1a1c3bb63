"""Texts from a file of the user: CSV, TSV, JSON Lines or plain text, plain or gzip."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from kerastc.data.label_names import Labels, written
from kerastc.data.plain_file import PlainFile
from kerastc.data.reading import Reading, columns_in_words
from kerastc.data.table_file import DELIMITED, DELIMITERS, JSON_LINES, Table
from kerastc.data.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.progress import tell
from kerastc.text.cutting import cut_at_word

# Looked for in this order, in any case. The first of which every column is there is taken.
TEXT_COLUMNS = (
    *(("text",), ("texts",), ("title", "abstract"), ("headline_text",), ("headline",)),
    *(("sentence",), ("review",), ("body",), ("content",), ("document",), ("abstract",)),
    *(("description",), ("comment",), ("message",), ("tweet",), ("question",), ("utterance",)),
    *(("title",), ("texto",), ("titular",), ("oración",), ("reseña",), ("טקסט",), ("כותרת",)),
)
LABEL_COLUMNS = (
    *("label", "labels", "gold_label", "class", "primary_category", "category"),
    *("headline_category", "target", "topic", "group", "sentiment", "intent", "genre", "section"),
    *("rating", "stars", "primary_cat"),
    *("etiqueta", "clase", "categoría", "categoria", "tema", "תווית", "קטגוריה", "נושא"),
)


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
) -> LabelledTexts:
    """Reads labelled texts; white space in them is folded to single spaces.

    Args:
        path: a file with a header (CSV, TSV) or an object a line (JSON Lines), plain or gzip.
        text: the text columns, joined by `separator` where there are more; guessed where empty.
        label: the class column; guessed where empty. Guesses are told in the result's `source`.
        max_characters: longer texts are cut at a word and counted in the notes; 0 does not cut.
        encoding: of the file; a byte order mark is dropped.
        delimiter: between the columns; found out where empty.
        header: False where the first line is a row; the columns are then called 1, 2, ...
        one_class: allow a file in which all rows have one class (to measure, not to train).

    Raises:
        UserError: naming file, line and column, for a file that cannot be read as such a table,
            and for rows without a text or a label.
    """
    file = PlainFile.at(path, encoding)
    table = Table.open(file, delimiter, header)
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
    _refuse_empty(file.path, "text", columns, no_text)
    _refuse_empty(file.path, "label", [label], no_label)
    if not texts:
        raise UserError(f"{file.path} has a header and no rows.", "Give a row for each text.")
    if len(set(names)) == 1 and not one_class:
        raise UserError(
            f"{file.path}, column {label!r}: every row has the class {names[0]!r}.",
            f"At least two classes are needed. The columns are {table.shown_columns()}; "
            "set label= to the one with the classes.",
        )
    notes = {f"texts cut to {max_characters} characters": cut} if max_characters else {}
    reading = Reading(tuple(columns), label, separator, encoding, delimiter, header)
    return LabelledTexts.of(texts, names, source, notes, reading=reading)


def read_unlabelled(
    path: str | Path,
    text: Sequence[str] = (),
    encoding: str = "utf-8",
    separator: str = " ",
    delimiter: str = "",
    header: bool = True,
) -> list[str]:
    """Reads texts to predict from the files of `read_texts`, or from one with a text on each line.

    A file is taken for a table by its extension (.csv, .tsv, .tab, .jsonl, .ndjson, .json), or
    where `text` names columns. Blank lines at the end of a plain file are dropped; others would
    shift the answers against the lines, so they are refused as empty texts.
    """
    reading = Reading(tuple(text), "", separator, encoding, delimiter, header)
    texts, _ = unlabelled_texts(path, reading)
    return texts


def unlabelled_texts(
    path: str | Path, reading: Reading, table: bool = False
) -> tuple[list[str], str]:
    """As `read_unlabelled`, and the columns that the texts are from.

    Args:
        path: the file.
        reading: how its rows become texts; columns that it does not name are guessed.
        table: whether it is a table whatever its extension is.

    Returns:
        The texts, and `column headline (guessed)` or the like; empty for a text on each line.
    """
    file, guessed = PlainFile.at(path, reading.encoding), False
    if table or reading.text or _is_table(file):
        opened = Table.open(file, reading.delimiter, reading.header)
        columns, guessed = _text_columns(opened, reading.text)
        with closing(opened.rows(columns)) as rows:
            lines, texts = _unzipped(
                (line, joined(values, reading.separator)) for line, values in rows
            )
    else:
        columns = []
        with closing(file.lines()) as rows:
            lines, texts = _unzipped((n, " ".join(row.split())) for n, row in enumerate(rows, 1))
        while texts and not texts[-1]:
            texts.pop()
    _refuse_empty(
        file.path, "text", columns, [n for n, row in zip(lines, texts, strict=False) if not row]
    )
    if not texts:
        raise UserError(f"{file.path} holds no texts.", "Give a row for each text.")
    return texts, f"{columns_in_words(columns)}{' (guessed)' if guessed else ''}" if columns else ""


def further_texts(path: str | Path, reading: Reading) -> list[str]:
    """Texts to train a run's model on, without labels, as `read_unlabelled` finds them.

    Of a table the run's own columns are taken, where it has them all, else guessed ones; which, is
    told on standard error.

    Args:
        path: the file.
        reading: of the run.
    """
    if is_table(path):
        table = Table.open(PlainFile.at(path, reading.encoding), reading.delimiter, reading.header)
        if not set(reading.text) <= set(table.columns):
            reading = replace(reading, text=())
    else:
        reading = Reading(encoding=reading.encoding)
    texts, origin = unlabelled_texts(path, reading)
    tell(f"Read {len(texts):,} texts of {path}{f' from {origin}' if origin else ''}.")
    return texts


def is_table(path: str | Path) -> bool:
    """Whether a file is taken for a table by its extension; another has a text on each line."""
    return _is_table(PlainFile.at(path, "utf-8"))


def _is_table(file: PlainFile) -> bool:
    return file.extension in (*DELIMITED, *JSON_LINES)


def labelled_columns(table: Table, text: Sequence[str], label: str) -> tuple[list[str], str, str]:
    """The text columns and the label column, and a sentence on where the texts come from.

    Args:
        text: names that must be there; looked for among `TEXT_COLUMNS` where empty.
        label: the same, among `LABEL_COLUMNS`.

    Raises:
        UserError: a column is not there, or no usual name is.
    """
    if len(table.columns) == 1:
        raise UserError(
            f"{table.file.path} has one column only, {table.shown_columns()}; "
            "texts and their labels need two.",
            f"Separate columns by {', '.join(DELIMITERS.values())} (none is in the first line)."
            if table.delimiter
            else "Add the class to every object.",
        )
    columns, guessed_text = _text_columns(table, text)
    label, guessed_label = _label_column(table, label, columns)
    remark = f" ({table.file.remark})" if table.file.remark else ""
    source = (
        f"{table.file.path.name}{remark}: texts from {' + '.join(columns)}"
        f"{' (guessed)' if guessed_text else ''}"
        f", classes from {label}{' (guessed)' if guessed_label else ''}"
    )
    return columns, label, source


def joined(parts: Sequence[object], separator: str = " ") -> str:
    """The parts that are not empty, joined, their white space folded to single spaces."""
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


def _text_columns(table: Table, text: Sequence[str]) -> tuple[list[str], bool]:
    """The text columns, checked, and whether they were guessed."""
    if text:
        names = [text] if isinstance(text, str) else list(text)
        return [table.require(name, "text") for name in names], False
    there = _by_lower_name(table)
    for names in TEXT_COLUMNS:
        if all(name in there for name in names):
            return [table.require(there[name], "text") for name in names], True
    raise _unguessed(table, "text")


def _label_column(table: Table, label: str, text: Sequence[str]) -> tuple[str, bool]:
    """The label column, checked, and whether it was guessed."""
    if label:
        if label in text:
            raise UserError(f"The column {label!r} cannot be both text and label.")
        return table.require(label, "label"), False
    there = _by_lower_name(table)
    for name in LABEL_COLUMNS:
        if name in there and there[name] not in text:
            return table.require(there[name], "label"), True
    raise _unguessed(table, "label")


def _by_lower_name(table: Table) -> dict[str, str]:
    return {name.casefold().replace(" ", "_"): name for name in table.columns}


def _unguessed(table: Table, role: str) -> UserError:
    return UserError(
        f"{table.file.path}: none of the columns has a usual name for the {role}. "
        f"They are {table.shown_columns()}.",
        f"Set {role}= to one of them. If the first line is a row and no header, name the columns "
        "by number, such as: header=false text=2+3 label=1"
        if table.delimiter
        else f"Set {role}= to one of them.",
    )


def _refuse_empty(path: Path, role: str, columns: Sequence[str], lines: Sequence[int]) -> None:
    if not lines:
        return
    shown = ", ".join(map(str, lines[:5])) + (", ..." if len(lines) > 5 else "")
    where = f", column {' + '.join(map(repr, columns))}" if columns else ""
    count = f"an empty {role} in" if len(lines) == 1 else f"{len(lines):,} empty {role}s, in"
    hint = f"Remove such rows or give them a {role}"
    if role == "label":
        hint += "; null, NaN, N/A and <NA> are none"
    raise UserError(f"{path}{where}: {count} line{'s' * (len(lines) > 1)} {shown}.", f"{hint}.")

"""Which columns of a table hold texts and classes: those named, else those with usual names."""

from collections.abc import Sequence

from kerastc.data.tables.columns import NamedColumns
from kerastc.data.tables.delimiters import DELIMITERS
from kerastc.errors import UserError

# Tried in this order, ignoring case. The first entry with all its columns present is taken.
TEXT_COLUMNS = (
    *(("text",), ("texts",), ("title", "abstract"), ("headline_text",), ("headline",)),
    *(("sentence",), ("review",), ("body",), ("content",), ("document",), ("abstract",)),
    *(("description",), ("comment",), ("message",), ("tweet",), ("question",), ("utterance",)),
    *(("title",), ("texto",), ("titular",), ("oración",), ("reseña",), ("טקסט",), ("כותרת",)),
)
# Names for the two texts of a pair in XNLI, PAWS-X, GLUE and others; tried in the same way.
PAIR_COLUMNS = (
    *(("sentence1", "sentence2"), ("premise", "hypothesis"), ("question1", "question2")),
    *(("text1", "text2"), ("text_a", "text_b"), ("question", "sentence"), ("query", "passage")),
    *(("first", "second"), ("premisa", "hipótesis"), ("oración1", "oración2")),
)
LANGUAGE_COLUMNS = ("language", "lang")
LABEL_COLUMNS = (
    *("label", "labels", "gold_label", "class", "primary_category", "category"),
    *("headline_category", "target", "topic", "group", "sentiment", "intent", "genre", "section"),
    *("rating", "stars", "primary_cat"),
    *("etiqueta", "clase", "categoría", "categoria", "tema", "תווית", "קטגוריה", "נושא"),
)


def labelled_columns(
    table: NamedColumns, text: Sequence[str], label: str
) -> tuple[list[str], str, str]:
    """The text columns and the label column, and a sentence on where the texts come from.

    Args:
        text: names that must be there; if empty, `TEXT_COLUMNS` are tried.
        label: the same, with `LABEL_COLUMNS`.

    Raises:
        UserError: a named column, or any usual name, is missing.
    """
    if len(table.columns) == 1:
        raise UserError(
            f"{table.path} has one column only, {table.shown_columns()}; "
            "texts and their labels need two.",
            f"Separate columns by {', '.join(DELIMITERS.values())} (none is in the first line)."
            if table.delimiter
            else "Add a column with the class of each text.",
        )
    columns, guessed_text = text_columns(table, text)
    label, guessed_label = label_column(table, label, columns)
    remark = f" ({table.remark})" if table.remark else ""
    source = (
        f"{table.name}{remark}: texts from {' + '.join(columns)}"
        f"{' (guessed)' if guessed_text else ''}"
        f", classes from {label}{' (guessed)' if guessed_label else ''}"
    )
    return columns, label, source


def text_columns(table: NamedColumns, text: Sequence[str]) -> tuple[list[str], bool]:
    """The text columns, checked, and whether they were guessed."""
    if text:
        names = [text] if isinstance(text, str) else list(text)
        return [table.require(name, "text") for name in names], False
    there = _by_lower_name(table)
    for names in TEXT_COLUMNS:
        if all(name in there for name in names):
            return [table.require(there[name], "text") for name in names], True
    raise _unguessed(table, "text")


def pair_columns(table: NamedColumns, first: str, second: str) -> tuple[list[str], bool]:
    """The columns of the two texts of a pair, checked, and whether they were guessed.

    Raises:
        UserError: only one of the two is named, or both are the same; a column is missing, or none
            has a usual name.
    """
    if first and second:
        if first == second:
            raise UserError(f"The column {first!r} cannot be both texts of a pair.")
        return [table.require(first, "first"), table.require(second, "second")], False
    if first or second:
        raise UserError(
            f"{'second' if first else 'first'}= is missing: a pair has two texts.",
            f"{table.path} has {table.shown_columns()}.",
        )
    there = _by_lower_name(table)
    for names in PAIR_COLUMNS:
        if all(name in there for name in names):
            return [
                table.require(there[name], role)
                for name, role in zip(names, ("first", "second"), strict=True)
            ], True
    raise UserError(
        f"{table.path}: no two columns have usual names for the texts of a pair. "
        f"They are {table.shown_columns()}.",
        "Set first= and second= to two of them."
        + (
            f" If the first {table.unit} is a row and no header, name the columns by number, such "
            "as: header=false first=1 second=2 label=3"
            if table.headed
            else ""
        ),
    )


def language_column(table: NamedColumns) -> str:
    """The column with each row's language; empty if there is none."""
    there = _by_lower_name(table)
    return next((there[name] for name in LANGUAGE_COLUMNS if name in there), "")


def label_column(table: NamedColumns, label: str, text: Sequence[str]) -> tuple[str, bool]:
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


def _by_lower_name(table: NamedColumns) -> dict[str, str]:
    return {name.casefold().replace(" ", "_"): name for name in table.columns}


def _unguessed(table: NamedColumns, role: str) -> UserError:
    return UserError(
        f"{table.path}: none of the columns has a usual name for the {role}. "
        f"They are {table.shown_columns()}.",
        f"Set {role}= to one of them. If the first {table.unit} is a row and no header, name the "
        "columns by number, such as: header=false text=2+3 label=1"
        if table.headed
        else f"Set {role}= to one of them.",
    )

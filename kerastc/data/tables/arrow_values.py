"""Values of Arrow columns as Python objects, for types that make a text or a class."""

import re
from collections.abc import Sequence
from typing import Any

from kerastc.data.tables.flaws import NO_TEXT, UNDECODABLE, Flaw

# In a time: fractions of a second that are 0, and the whole time if it is midnight.
NO_FRACTION = re.compile(r"\.0+(?=\D|$)")
MIDNIGHT = re.compile(" 00:00:00$")
UNKNOWN_CLASS = "number of no class"


def values_of(array: Any, names: Sequence[str] | None, column: str) -> list[Any]:
    """The values of a column, with a `Flaw` in place of an invalid one.

    Args:
        array: pyarrow's, some rows of the column.
        names: of classes, if the numbers refer to them; -1 means none.
        column: its name, for messages.
    """
    import pyarrow as pa

    if isinstance(array, pa.ExtensionArray):  # such as text that is JSON
        array = array.storage
    kind = array.type
    if pa.types.is_dictionary(kind):
        # Each value of the dictionary is converted once, however often it occurs.
        known = values_of(array.dictionary, names, column)
        return [None if at is None else known[at] for at in array.indices.to_pylist()]
    if pa.types.is_temporal(kind) and not pa.types.is_duration(kind):
        values = array.cast(pa.string()).to_pylist()
        return [value and MIDNIGHT.sub("", NO_FRACTION.sub("", value)) for value in values]
    if pa.types.is_floating(kind):
        return [_short(value) for value in array.to_numpy(zero_copy_only=False)]
    if _is_text(kind):
        return _texts(array, column)
    if not (pa.types.is_primitive(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)):
        flaw = Flaw(NO_TEXT, f"column {column!r}: {kind} where a text is needed.")
        return [flaw] * len(array)
    if pa.types.is_duration(kind):
        array = array.cast(pa.int64())
    values = array.to_pylist()
    if names is None or not pa.types.is_integer(kind):
        return values
    return [_class(value, names, column) for value in values]


def _class(value: int | None, names: Sequence[str], column: str) -> Any:
    if value is None or value == -1:
        return None
    if 0 <= value < len(names):
        return names[value]
    told = f"column {column!r}: {value}, but the classes are numbered 0 to {len(names) - 1}."
    return Flaw(UNKNOWN_CLASS, told, "Mend the file's list of classes, or the row.", str(value))


def _short(value: Any) -> float:
    """A number of any precision as it was written: 0.1, not 0.10000000149."""
    return float(str(value))


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    types = pa.types
    return (
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
        or types.is_fixed_size_binary(kind)
    )


def _texts(array: Any, column: str) -> list[Any]:
    import pyarrow as pa

    try:
        values = array.to_pylist()
    except UnicodeDecodeError:
        values = array.cast(pa.binary()).to_pylist()
    for place, value in enumerate(values):
        if isinstance(value, bytes):
            try:
                values[place] = value.decode()
            except UnicodeDecodeError:
                told = f"column {column!r}: bytes that are not UTF-8."
                shown = value[:200].decode("utf-8", "replace")
                values[place] = Flaw(UNDECODABLE, told, "Save it as texts in UTF-8.", shown)
    return values

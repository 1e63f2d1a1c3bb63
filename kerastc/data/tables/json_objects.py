"""Tables written as one JSON object instead of an array of rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerastc.data.tables.json_keys import Doubled
from kerastc.errors import UserError

WANTED = 'Give an array of objects: [{"text": "a text", "label": "its class"}, ...].'


def rows_within(path: Path, found: dict[str, Any]) -> tuple[Sequence[dict], str] | None:
    """The rows in a file that is one object, and where they were, in words.

    Rows are in one list of objects among other things (`{"data": [...]}`); or values are in a list
    for each column; or, as pandas writes them, in an object for each column or each row, or in
    lists under "columns" and "data".

    Returns:
        None if the object is flat: one row of JSON Lines.

    Raises:
        UserError: the object can be read as a table in several ways, or in none.
    """
    if not any(isinstance(value, list | dict) for value in found.values()):
        return None
    for value in (found, *found.values()):
        if isinstance(value, Doubled):
            raise UserError(
                f"{path}: an object has {min(value.names)!r} twice.",
                "It is unclear which of the two is meant.",
            )
    columns, data = found.get("columns"), found.get("data")
    if _names(columns) and isinstance(data, list):
        return _split(path, columns, data), "columns and data in separate lists"
    lists = {key: value for key, value in found.items() if _objects(value)}
    if len(lists) > 1:
        named = ", ".join(map(repr, lists))
        raise UserError(
            f"{path} holds several lists of rows: {named}.",
            "Save each as a file of its own, an array of objects, and give one, such as "
            "data=train.json test=test.json.",
        )
    if lists:
        [(key, rows)] = lists.items()
        return rows, f"rows in {key!r}"
    if all(isinstance(value, list) for value in found.values()):
        return _of_columns(path, found), "a list for each column"
    if all(isinstance(value, dict) for value in found.values()):
        return _of_objects(path, found)
    raise UserError(f"{path} is one JSON object, and none of its values is a list of rows.", WANTED)


def _names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(n, str) for n in value)


def _objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _split(path: Path, columns: list[str], data: list[Any]) -> list[dict]:
    for number, row in enumerate(data, 1):
        if not isinstance(row, list) or len(row) != len(columns):
            raise UserError(
                f"{path}, row {number} of 'data': not a list of {len(columns)} values, one for "
                "each of 'columns'.",
                WANTED,
            )
    return [dict(zip(columns, row, strict=True)) for row in data]


def _of_columns(path: Path, found: dict[str, list]) -> list[dict]:
    lengths = {key: len(values) for key, values in found.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{key!r} {length:,}" for key, length in list(lengths.items())[:20])
        raise UserError(f"{path}: a list for each column, but of unequal lengths: {told}.", WANTED)
    return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]


def _of_objects(path: Path, found: dict[str, dict]) -> tuple[list[dict], str]:
    inner = [set(value) for value in found.values()]
    same = bool(inner[0]) and all(keys == inner[0] for keys in inner)
    flat = not any(isinstance(v, list | dict) for value in found.values() for v in value.values())
    if not (same and flat):
        raise UserError(
            f"{path} is an object of objects that do not have the same keys, or hold others.",
            WANTED,
        )
    if all(key.isdecimal() for key in inner[0]):
        first = next(iter(found.values()))
        rows = [{name: values[key] for name, values in found.items()} for key in first]
        return rows, "an object for each column"
    if all(key.isdecimal() for key in found):
        return list(found.values()), "an object for each row"
    raise UserError(
        f"{path} is an object of objects; it is unclear whether each is a row or a column.", WANTED
    )

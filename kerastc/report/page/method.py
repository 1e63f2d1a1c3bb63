"""A method's own entries in metrics.json, free JSON of any depth, as tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerastc import formatting


@dataclass(frozen=True)
class MethodTable:
    """A list of objects, one per row: `name` is its dotted key, `cells` are text."""

    name: str
    columns: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]


def method_tables(method: Mapping[str, Any]) -> tuple[dict[str, str], list[MethodTable]]:
    """The single figures by their dotted names, and a table for each list of objects.

    Args:
        method: `metrics["method"]`.
    """
    figures, found = {}, []
    for name, value in formatting.flatten(method).items():
        if _is_table(value):
            rows = [formatting.flatten(row) for row in value]
            columns = tuple(dict.fromkeys(key for row in rows for key in row))
            cells = tuple(tuple(_cell(row.get(key)) for key in columns) for row in rows)
            found.append(MethodTable(name, columns, cells))
        else:
            figures[name] = _cell(value)
    return figures, found


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(r, Mapping) for r in value)


def _cell(value: Any) -> str:
    """A value as text; whole numbers have separated thousands, a missing one is a dash."""
    if value is None or (isinstance(value, float) and formatting.finite(value) is None):
        return formatting.MISSING
    if isinstance(value, int) and not isinstance(value, bool):
        return formatting.count(value)
    return f"{value:.4g}" if isinstance(value, float) else formatting.scalar(value)

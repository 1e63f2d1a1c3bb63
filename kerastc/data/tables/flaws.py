"""Why a row of a table is invalid: the reasons under which cleaning counts rejected rows."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerastc.data.tables.json_keys import Doubled
from kerastc.data.tables.plain_file import LONGEST_LINE

NUL = "NUL character"
UNDECODABLE = "bytes of another encoding"
LONG_LINE = f"line of over {LONGEST_LINE:,} characters"
LONG_FIELD = f"field of over {csv.field_size_limit():,} characters"
WIDTH = "wrong number of columns"
UNCLOSED = "quotation mark never closed"
AFTER_QUOTE = "text after a closing quotation mark"
NO_JSON = "not a JSON object"
NO_KEY = "missing key"
KEY_TWICE = "key twice"
NO_TEXT = "list or object in place of a text"
SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Flaw:
    """What makes a row unreadable.

    Args:
        reason: one of the above.
        told: the message of a strict reading, after file and row.
        hint: the next step.
        text: the row, as far as it can be shown.
    """

    reason: str
    told: str
    hint: str = ""
    text: str = ""


def doubled(row: Mapping[str, Any], columns: Sequence[str]) -> Flaw | None:
    """The flaw of an object in which a column's key occurs twice."""
    for name in columns if isinstance(row, Doubled) else ():
        if name in row.names:
            told = f"the object has {name!r} twice."
            return Flaw(KEY_TWICE, told, "It is unclear which of the two is meant.", str(row)[:200])
    return None


def flaw_of(values: Sequence[Any], columns: Sequence[str]) -> Flaw | None:
    """The first flaw in the values of typed cells; None if they can be read."""
    for value, name in zip(values, columns, strict=True):
        if isinstance(value, list | dict):
            kind = "list" if isinstance(value, list) else "JSON object"
            return Flaw(NO_TEXT, f"column {name!r}: a {kind} where a text is needed.")
        if not isinstance(value, str):
            continue
        if "\0" in value:
            return Flaw(NUL, f"column {name!r}: a NUL character, which text does not contain.")
        if not value.isascii() and (found := SURROGATE.search(value)):
            return Flaw(
                UNDECODABLE,
                f"column {name!r}: half of a surrogate pair (\\u{ord(found[0]):04x}) is no "
                "character.",
                "Write the text as UTF-8, or both halves of the pair.",
            )
    return None

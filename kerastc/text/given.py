"""Texts as a user gives them to a model: on the command line, in a file or in a notebook.

Devices import it, too: nothing but Python's standard library is imported here.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from numbers import Number
from typing import Any

from kerastc.errors import UserError

LIST = 'Give a list of texts, one for each answer: ["a text", "another"].'
SHOWN = 40  # characters of a value


def checked_texts(texts: Any, place: Callable[[int], str] = "texts[{}]".format) -> list[str]:
    """The texts, checked so that a model can take each.

    Args:
        texts: ordered `str` objects: a list, an array, a column of a table.
        place: the user's name for the text with an index, which counts from 0.

    Raises:
        UserError: naming the first that is not a text, is empty, or holds an invalid character;
            or that the whole is not a list.
    """
    if isinstance(texts, str | bytes):
        what = "str" if isinstance(texts, str) else "bytes"
        raise UserError(f"One {what} was given where a list of texts is needed.", LIST)
    no_list = isinstance(texts, Mapping | Set) or hasattr(texts, "columns")  # a pandas table
    if no_list or not isinstance(texts, Iterable):
        raise UserError(f"A {type(texts).__name__} was given, not a list of texts.", LIST)
    try:
        found = list(texts)
    except TypeError:  # an array of no dimension
        raise UserError(f"A {type(texts).__name__} of no length was given.", LIST) from None
    for index, text in enumerate(found):
        if fault := _fault(text):
            what, hint = fault
            raise UserError(f"{place(index)} {what}.", hint)
    return found


def _fault(text: Any) -> tuple[str, str] | None:
    """What is wrong with a text, and the next step."""
    leave_out = "Write a text there, or leave the example out."
    if not isinstance(text, str):
        if _missing(text):
            return f"is {text}, which is not a text", leave_out
        if isinstance(text, bytes):
            return "is bytes, not a text", 'Decode it: value.decode("utf-8")'
        shown = repr(text)
        shown = shown if len(shown) <= SHOWN else shown[: SHOWN - 3] + "..."
        hint = "Write str(value) if it is meant to be read as a text."
        return f"is {shown}, a {type(text).__name__} and no text", hint
    if not text.strip():
        return "is empty", leave_out
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = text[error.start]
        if "\udc80" <= half <= "\udcff":  # as Python keeps foreign bytes (PEP 383)
            what = f"holds the byte 0x{ord(half) - 0xDC00:02X}, which is not UTF-8"
            return what, "Write it in UTF-8, or put it into a file and name its encoding."
        what = f"holds half of a surrogate pair (U+{ord(half):04X}), which is not a character"
        return what, "Write the whole character."
    return None


def _missing(value: Any) -> bool:
    """Whether it is None, NaN or pandas' equivalent."""
    nan = isinstance(value, Number) and value != value
    return value is None or nan or type(value).__name__ in ("NAType", "NaTType")

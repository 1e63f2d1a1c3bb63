"""Reads JSON and class names from files that may be damaged or from a stranger.

A form describes what a JSON value must be; see `check`. Also used on devices: only Python's
standard library is imported here.
"""

import json
import math
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

from kerastc.errors import UserError

NAN = math.nan  # as a form: a figure of a diverged training
LARGEST = 1e300  # of a number, so that results computed from it stay finite
COUNT = range(2**53)  # a whole number, not negative
SHOWN = 60  # characters of a wrong value
# Line ends for Python, an editor or a terminal; a class name has none of them.
LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"

# What NumPy and zipfile raise on a damaged .npz or .npy; an impossible shape is a MemoryError.
BROKEN = (
    OSError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    RuntimeError,
    OverflowError,
    MemoryError,
    AttributeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)


class Or:
    """Any of some forms."""

    def __init__(self, *forms: Any):
        self.forms = forms


class MissingKey(UserError, KeyError):
    """A file's JSON object lacks a key."""


class Fields(dict):
    """A JSON object from a file: the error for a missing key names the file."""

    path = Path()

    def __missing__(self, key: str) -> Any:
        raise MissingKey(f"{self.path} has no {key!r} where it is needed.", "It was damaged.")


def read_json(path: Path, form: Any = object) -> Any:
    """Reads a JSON file.

    Args:
        path: of the file.
        form: what it must hold; see `check`.

    Returns:
        the value; objects in it are `Fields`.

    Raises:
        FileNotFoundError: if there is no file.
        UserError: if it is not JSON in UTF-8, or of another form; names the position in it.
    """
    try:
        return parsed(path.read_bytes(), path, form)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(*error.args, error.filename) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None


def parsed(content: bytes | str, path: Path, form: Any = object) -> Any:
    """The JSON in the content; arguments, result and errors as in `read_json`."""

    def fields(pairs: list[tuple[str, Any]]) -> Fields:
        found = Fields(pairs)
        found.path = path
        return found

    try:
        text = content if isinstance(content, str) else content.decode("utf-8")
        value = json.loads(text, object_pairs_hook=fields)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate cannot be written
        check(value, form)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: {error.reason} at byte {error.start}.") from None
    except UnicodeEncodeError:
        raise UserError(f"{path} holds half a character (a lone surrogate).") from None
    except RecursionError:
        raise UserError(f"{path} cannot be read: its brackets are nested too deeply.") from None
    except ValueError as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    return value


def check(value: Any, form: Any, at: str = "") -> None:
    """Compares a JSON value with a form.

    Args:
        value: as `json.loads` gives it.
        form: `str`, `bool` or None; `int` or `float`, finite, or `NAN`; `object` for anything; a
            range of whole numbers; a set of values; `[form]` for a list; `(form, form)` for a list
            of that length; `{str: form}` for an object of any keys; `{"key": form, "key?": form}`
            for one with these keys (those with `?` may be absent or null) and any others; `Or`
            for one of several.
        at: where the value is, for the error.

    Raises:
        ValueError: naming the first place that differs, the value there and what is expected.
    """
    if form is object:
        return
    if isinstance(form, Or):
        if not any(_fits(value, one) for one in form.forms):
            if isinstance(value, dict | list):  # the reason lies deeper
                same = [one for one in form.forms if type(one) is type(value) or one is dict]
                for one in same:
                    check(value, one, at)
            raise _wrong(value, form, at)
    elif isinstance(form, dict):
        if not isinstance(value, dict):
            raise _wrong(value, form, at)
        _check_object(value, form, at)
    elif isinstance(form, list | tuple):
        if not isinstance(value, list) or (isinstance(form, tuple) and len(value) != len(form)):
            raise _wrong(value, form, at)
        forms = form if isinstance(form, tuple) else form * len(value)
        for number, (entry, one) in enumerate(zip(value, forms, strict=True)):
            check(entry, one, f"{at}[{number}]")
    elif not _is(value, form):
        raise _wrong(value, form, at)


def read_labels(path: Path) -> tuple[str, ...]:
    r"""The class names in a labels.txt: one per line, in the order of the logits.

    Lines end in "\n" alone, and nothing else in a name ends a line.

    Raises:
        FileNotFoundError: where there is no file.
        UserError: if it is not UTF-8, or a name is empty, repeated or not a single line.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: {error.reason} at byte {error.start}.") from None
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None
    names = text.removesuffix("\n").split("\n")
    lines: dict[str, int] = {}
    for line, name in enumerate(names, 1):
        if not name.strip():
            raise UserError(f"{path}, line {line} is empty: each line is the name of a class.")
        if broken := next((c for c in name if c in LINE_ENDS), None):
            raise UserError(
                f"{path}, line {line} holds the line break U+{ord(broken):04X}; "
                "a line ends in U+000A alone."
            )
        if name in lines:
            raise UserError(f"{path}, line {line} repeats {name!r} of line {lines[name]}.")
        lines[name] = line
    return tuple(names)


def labels_text(names: Any) -> str:
    """The content of a labels.txt.

    Args:
        names: of the classes.

    Raises:
        UserError: if one holds a line break of any kind, or is empty.
    """
    for name in names:
        if not name.strip() or any(c in LINE_ENDS for c in name):
            raise UserError(
                f"{name!r} cannot be the name of a class: it must be a line of text.",
                "Change it in the data.",
            )
    return "".join(f"{name}\n" for name in names)


def _check_object(value: dict[str, Any], form: dict, at: str) -> None:
    for key, one in form.items():
        if key is str:
            for name, entry in value.items():
                check(entry, one, _inside(at, name))
            continue
        name, needed = key.removesuffix("?"), not key.endswith("?")
        if needed and name not in value:
            raise ValueError(f"{_inside(at, name)} is missing")
        if needed or value.get(name) is not None:
            check(value[name], one, _inside(at, name))


def _inside(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _fits(value: Any, form: Any) -> bool:
    try:
        check(value, form)
    except ValueError:
        return False
    return True


def _is(value: Any, form: Any) -> bool:
    if form is NAN:
        return isinstance(value, float) and math.isnan(value)
    if form is float or form is int:
        whole = isinstance(value, int)
        kind = whole or (form is float and isinstance(value, float) and math.isfinite(value))
        return kind and not isinstance(value, bool) and abs(value) < (2**63 if whole else LARGEST)
    if isinstance(form, range):
        return type(value) is int and value in form
    if isinstance(form, set | frozenset):
        return isinstance(value, str) and value in form
    return value is None if form is None else isinstance(value, form)


def _wrong(value: Any, form: Any, at: str) -> ValueError:
    try:
        shown = json.dumps(value, ensure_ascii=True)
    except (ValueError, RecursionError):
        shown = "nested too deeply"
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
    return ValueError(f"{at or 'its content'} is {shown}, not {_words(form)}")


def _words(form: Any) -> str:
    if isinstance(form, Or):
        return " or ".join(map(_words, form.forms))
    if isinstance(form, set | frozenset):
        return f"one of {', '.join(sorted(form))}"
    if isinstance(form, range):
        return f"a whole number of at least {form.start}"
    if isinstance(form, tuple):
        return f"a list of {len(form)}"
    if form is NAN:
        return "NaN"
    known = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}
    known |= {None: "null", dict: "a JSON object", list: "a list"}
    kind = type(form) if isinstance(form, dict | list) else form
    return known.get(kind, "that")

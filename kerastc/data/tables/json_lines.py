"""Objects in a JSON Lines file, each with its line."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from kerastc.data.tables.json_keys import DECODER
from kerastc.data.tables.plain_file import PlainFile
from kerastc.errors import UserError

ROW = '{"text": "a text", "label": "its class"}'


def objects(file: PlainFile, shape: str = ROW) -> Iterator[tuple[int, dict]]:
    """Yields (line, object) from a JSON Lines file.

    Args:
        file: to read.
        shape: of an object, for errors.
    """
    with closing(file.lines()) as lines:
        for line, text in enumerate(lines, 1):
            if text.isspace():
                continue
            try:
                row = DECODER.decode(text)
            except (ValueError, RecursionError) as error:
                raise _bad_json(file.path, line, text, error, shape) from error
            if not isinstance(row, dict):
                raise _not_an_object(file.path, line, text)
            if "\\u" in text:
                _refuse_surrogates(file.path, line, row)
            yield line, row


def _bad_json(path: Path, line: int, text: str, error: Exception, shape: str) -> UserError:
    if line == 1 and text.lstrip()[0] in "[{" and len(text.strip()) < 3:
        return _not_an_object(path, line, text)
    if isinstance(error, json.JSONDecodeError):
        detail = f"column {error.pos + 1}: {error.msg}"
    else:
        detail = str(error)
    return UserError(
        f"{path}, line {line}: not valid JSON ({detail}).",
        f"Each line of the file must be a JSON object, such as {shape}.",
    )


def _not_an_object(path: Path, line: int, text: str) -> UserError:
    return UserError(
        f"{path}, line {line}: {text.strip()[:40]} ... is not one whole JSON object.",
        "JSON Lines holds an object on each line; a JSON array holds objects between [ and ].",
    )


def _refuse_surrogates(path: Path, line: int, row: dict) -> None:
    for name, value in row.items():
        try:
            str(value).encode()
        except UnicodeEncodeError as error:
            raise UserError(
                f"{path}, line {line}, column {name!r}: half of a surrogate pair "
                f"(\\u{ord(error.object[error.start]):04x}) is not a character.",
                "Write the text as UTF-8, or both halves of the pair.",
            ) from None

"""Successive JSON values from a text that comes in pieces."""

import json
import re
from collections.abc import Iterator
from typing import Any

from kerastc.data.tables.json_keys import DECODER

RESUME = re.compile(r"\}\s*,?\s*(?=\{)")  # where a row ends and another begins
SPACE = re.compile(r"[ \t\n\r]*")
SHOWN = 200  # characters of an invalid value


class NotJson(Exception):
    """Where a text is not JSON.

    Args:
        line, column: the position, from 1.
        why: the reason, in words.
        text: the text there.
    """

    def __init__(self, line: int, column: int, why: str, text: str = ""):
        super().__init__(why)
        self.line, self.column, self.why, self.text = line, column, why, text


class JsonValues:
    """A position in a text, from which values, commas and brackets are consumed.

    Args:
        pieces: of the text, with \\n at the ends of lines.
    """

    def __init__(self, pieces: Iterator[str]):
        self._pieces = pieces
        self._text = ""
        self._at = 0
        self._line = 1  # of the position `_at`
        self._column = 1

    @property
    def line(self) -> int:
        """The line of what comes next, from 1; call `peek` first."""
        return self._line

    def peek(self) -> str:
        """The next character that is not white space, or "" at the end; it is not consumed."""
        while True:
            self._go(SPACE.match(self._text, self._at).end())
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def skip(self) -> None:
        """Consumes the character that `peek` gave."""
        self._go(self._at + 1)

    def value(self) -> Any:
        """Consumes the value that begins with the character that `peek` gave.

        Raises:
            NotJson: it is not a value, or the text ends in it. The position stays before it.
        """
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                told = self._told(error)
                if self._cut(error) and self._more():
                    continue
                raise told from None
            except RecursionError:
                why = "lists or objects inside one another, too deep"
                raise NotJson(self._line, self._column, why, self._shown()) from None
            except ValueError as error:  # a number with thousands of digits
                raise NotJson(self._line, self._column, str(error), self._shown()) from None
            self._go(end)
            return value

    def resume(self) -> None:
        """Moves to the next object that follows the end of another, or to the end."""
        self._go(min(self._at + 1, len(self._text)))
        while True:
            found = RESUME.search(self._text, self._at)
            if found:
                self._go(found.end())
                return
            self._go(max(self._at, len(self._text) - SHOWN))
            if not self._more():
                self._go(len(self._text))
                return

    def _cut(self, error: json.JSONDecodeError) -> bool:
        """Whether a value may become complete with more text."""
        return error.msg.startswith("Unterminated") or error.pos >= len(self._text) - 16

    def _more(self) -> bool:
        """Drops what was consumed and adds as much as is left, or a piece; False at the end."""
        self._text = self._text[self._at :]
        self._at = 0
        wanted, pieces = max(len(self._text), 1), []
        while wanted > 0 and (piece := next(self._pieces, "")):
            pieces.append(piece)
            wanted -= len(piece)
        self._text += "".join(pieces)
        return bool(pieces)

    def _go(self, end: int) -> None:
        self._line, self._column = self._place(end)
        self._at = end

    def _place(self, at: int) -> tuple[int, int]:
        lines = self._text.count("\n", self._at, at)
        if not lines:
            return self._line, self._column + at - self._at
        return self._line + lines, at - self._text.rfind("\n", self._at, at)

    def _told(self, error: json.JSONDecodeError) -> NotJson:
        if not self._text[error.pos :].strip() or error.msg.startswith("Unterminated"):
            why = "the file ends inside this row: it was cut short, or a quotation mark is missing"
            return NotJson(self._line, self._column, why, self._shown())
        return NotJson(*self._place(error.pos), error.msg, self._shown())

    def _shown(self) -> str:
        return self._text[self._at : self._at + SHOWN]

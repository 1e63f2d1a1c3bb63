"""The one exception that the command line prints as a message and never as a traceback."""

import difflib
from collections.abc import Iterable

LONGEST = 3000  # characters of a message; names in a data file may have a million


class UserError(Exception):
    """A mistake or circumstance that the user can fix.

    Args:
        message: what is wrong: the value, the place (file, line, row, field), what is allowed.
        hint: the next step, printed on its own line.

    Attributes:
        status: with which a command then ends.
    """

    status = 1

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message)
        self.message = _bounded(message)
        self.hint = _bounded(hint)

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


def _bounded(message: str) -> str:
    """The message, its middle left out if it is too long to read."""
    half = LONGEST // 2
    return message if len(message) <= LONGEST else f"{message[:half]} ... {message[-half:]}"


def out_of_memory(error: BaseException) -> bool:
    """Whether Python, or a backend in its own words, ran out of memory."""
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return True
    words = ("RESOURCE_EXHAUSTED", "can't allocate memory", "not enough memory", "out of memory")
    return isinstance(error, RuntimeError) and any(w in str(error) for w in words)


def nearest(name: str, known: Iterable[str]) -> str:
    """ "Did you mean ...?" for a misspelled name, or nothing if no name is close."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {near[0]!r}?" if near else ""

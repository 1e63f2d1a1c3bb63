"""A tagged sentence of a file, and the notes on what was settled while it was read."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from kerastc.text.worded import Worded

NO_WORD = "texts without a word, left out"


@dataclass(frozen=True)
class Sentence:
    """A sentence, or a longer text.

    Args:
        text: with its words.
        tags: of each word, as the file has them.
        lines: of each word, where that is known; else the line of the text for all.
    """

    text: Worded
    tags: list[str]
    lines: list[int]


class Notes:
    """Counts of what was settled while a file was read, each with the place where it first was.

    Args:
        path: of the file.
        unit: what its places are, "line" or "row".
    """

    def __init__(self, path: Path, unit: str = "line"):
        self.path = path
        self.unit = unit
        self._counts: Counter[str] = Counter()
        self._first: dict[str, int] = {}

    def add(self, what: str, place: int, count: int = 1) -> None:
        """Counts what was settled at a place."""
        if count:
            self._counts[what] += count
            self._first.setdefault(what, place)

    def told(self) -> dict[str, int]:
        """`what (first: FILE, line N)` to number."""
        return {
            f"{what} (first: {self.path.name}, {self.unit} {self._first[what]})": count
            for what, count in self._counts.items()
        }

"""Rows with named columns: the interface of tables of every kind, files and folders."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kerastc.errors import UserError


class NamedColumns:
    """A table whose rows can be read repeatedly.

    Attributes:
        columns: their names.
        unit: what row numbers count: "line" in a text file, or "row".
        delimiter: the character between columns; empty if there is none.
        headed: whether the names are in a row of their own, which some files lack.
    """

    columns: tuple[str, ...]
    unit: str
    delimiter: str
    headed = False

    @property
    def path(self) -> Path:
        """The file or folder."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The path, shortened for messages."""
        return self.path.name

    @property
    def remark(self) -> str:
        """How the file is read, if that is not obvious; else empty."""
        return ""

    @property
    def notes(self) -> Mapping[str, int]:
        """Counts for the rows of the last reading, to be reported; name to number."""
        return {}

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Yields (number, values of `columns` in that order) for every row that is not blank.

        Values are texts, numbers, truth values and None (see `label_names`).

        Raises:
            UserError: at the first row that cannot be read.
        """
        raise NotImplementedError

    def require(self, name: str, role: str) -> str:
        """Returns `name` if it is one column of the table; a `UserError` otherwise.

        Args:
            role: what the column is for ("text", "label"), which is also the setting to change.
        """
        if self.columns.count(name) == 1:
            return name
        if name in self.columns:
            raise UserError(
                f"{self.path}: several columns are called {name!r}.",
                "Give each column a name of its own.",
            )
        near = get_close_matches(name, self.columns, n=1)
        raise UserError(
            f"{self.path} has no column {name!r} ({role}). It has {self.shown_columns()}.",
            f"Did you mean {role}={near[0]}?" if near else f"Set {role}= to one of these columns.",
        )

    def shown_columns(self) -> str:
        """The column names, shortened for a message."""
        names = [repr(name if len(name) <= 40 else name[:37] + "...") for name in self.columns[:20]]
        more = len(self.columns) - len(names)
        return ", ".join(names) + (f" and {more} more" if more else "")

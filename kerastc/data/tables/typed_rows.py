"""Tables with typed cells and numbered rows: JSON arrays, Excel, Arrow."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from kerastc.data.cleaning.report import CleaningReport
from kerastc.data.tables.columns import NamedColumns
from kerastc.data.tables.flaws import Flaw, flaw_of
from kerastc.data.tables.unpacking import refuse_bomb
from kerastc.errors import UserError

SHOWN = 1000  # characters of a rejected row
CELL = 64  # bytes that any value takes in memory at least


class TypedRows(NamedColumns):
    """A table whose readers report what is wrong with a row, and continue after it.

    Attributes:
        packed: bytes of the file or files, with which the unpacked size is compared.
    """

    unit = "row"
    delimiter = ""
    packed: int

    def records(self, columns: Sequence[str]) -> Iterator[tuple[int, tuple[Any, ...] | Flaw]]:
        """Yields (number, values of `columns`, or the flaw of the row).

        Values need not be checked by `flaw_of`.
        """
        raise NotImplementedError

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """As in `NamedColumns`."""
        with closing(self._checked(columns)) as records:
            for number, found in records:
                if isinstance(found, Flaw):
                    place = f"{self.path}, {self.unit} {number}"
                    joint = ", " if found.told.startswith("column ") else ": "
                    raise UserError(f"{place}{joint}{found.told}", found.hint)
                yield number, found

    def lenient_rows(
        self, columns: Sequence[str], report: CleaningReport
    ) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Yields the rows that can be read; the report records the others, and counts all."""
        with closing(self._checked(columns)) as records:
            for number, found in records:
                report.rows_in += 1
                if isinstance(found, Flaw):
                    report.reject(number, found.reason, found.text)
                else:
                    yield number, found
        for what, count in self.notes.items():
            report.counted[what] += count

    def _checked(self, columns: Sequence[str]) -> Iterator[tuple[int, tuple[Any, ...] | Flaw]]:
        """The records, with flaws in their values; stops if they would fill the memory."""
        size = 0
        with closing(self.records(columns)) as records:
            for number, found in records:
                if not isinstance(found, Flaw):
                    size += CELL * len(columns)
                    size += sum(len(value) for value in found if isinstance(value, str))
                    refuse_bomb(self.path, size, self.packed)
                    if flaw := flaw_of(found, columns):
                        found = replace(flaw, text=" ".join(map(str, found))[:SHOWN])
                yield number, found

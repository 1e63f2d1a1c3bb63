"""The rows of a file during cleaning, in parallel arrays."""

from array import array
from collections.abc import Sequence
from contextlib import closing

import numpy as np

from kerastc.data.cleaning.report import CleaningReport
from kerastc.data.dates import day_number
from kerastc.data.label_names import Labels, written
from kerastc.data.tables.columns import NamedColumns
from kerastc.data.tables.lenient_rows import lenient_rows
from kerastc.data.texts.text_file import joined

EMPTY_TEXT = "empty text"
NULL_TEXT = "null text"
EMPTY_CATEGORY = "empty category"
BAD_DATE = "invalid date"
NO_DATE = "date missing"
# What programs write for a missing value.
NULLS = frozenset(("null", "none", "nan", "na", "n/a", "#n/a", "<na>", "nil"))
NO_CODE = -1


class Rows:
    """The rows that are left: 1.6 million take little more memory than their texts.

    Args:
        texts: (n,) `str` objects, white space folded.
        lines: (n,) int64; where each row begins in the file, from 1.
        codes: (n,) int32 indices into `names`.
        days: (n,) int32 day numbers; 0 for none.
        names: the categories as written, white space folded.
    """

    def __init__(
        self,
        texts: Sequence[str],
        lines: Sequence[int],
        codes: Sequence[int],
        days: Sequence[int],
        names: list[str],
    ):
        self.texts = np.array(texts, dtype=object)
        self.lines = np.array(lines, np.int64)
        self.codes = np.array(codes, np.int32)
        self.days = np.array(days, np.int32)
        self.names = names

    def __len__(self) -> int:
        return len(self.texts)

    def reject(self, rows: np.ndarray, reason: str, report: CleaningReport) -> np.ndarray:
        """Reports the rows of a mask, (n,) bool, and drops them; returns the mask of the others."""
        for line, text in zip(self.lines[rows].tolist(), self.texts[rows], strict=True):
            report.reject(line, reason, text)
        keep = ~rows
        for name in ("texts", "lines", "codes", "days"):
            setattr(self, name, getattr(self, name)[keep])
        return keep


def read_rows(
    table: NamedColumns,
    text: Sequence[str],
    date: Sequence[str],
    label: str,
    report: CleaningReport,
    fallback: str,
) -> Rows:
    """All rows with a text and a category, with their dates parsed.

    Args:
        table: as in `lenient_rows`.
        text, date, label: its columns; there may be none for the date.
        report: records the other rows, and bad dates.
        fallback: as in `lenient_rows`.
    """
    texts, lines, codes, days = [], array("q"), array("i"), array("i")
    categories = _Categories()
    calendar = _Calendar()
    width, end = len(text), len(text) + len(date)
    with closing(lenient_rows(table, [*text, *date, label], report, fallback)) as rows:
        for line, values in rows:
            folded = joined(values[:width])
            code = categories.code(values[-1])
            if not folded:
                report.reject(line, EMPTY_TEXT, written(values[-1]))
            elif len(folded) < 5 and folded.casefold() in NULLS:
                report.reject(line, NULL_TEXT, folded)
            elif code == NO_CODE:
                report.reject(line, EMPTY_CATEGORY, folded)
            else:
                parts = tuple(map(written, values[width:end]))
                day = calendar[parts] if date else 0
                if date and not day:
                    said = " ".join(parts).strip()
                    report.count(line, BAD_DATE if said else NO_DATE, f"{said} {folded}")
                texts.append(folded)
                lines.append(line)
                codes.append(code)
                days.append(day)
    return Rows(texts, lines, codes, days, categories.names)


class _Categories:
    """Codes of the categories, by name as a person reads it."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._labels = Labels()
        self._codes: dict[str, int] = {"": NO_CODE}

    def code(self, value: object) -> int:
        """The category's index in `names`, or `NO_CODE` if the value names none."""
        name = self._labels.name(value)
        code = self._codes.setdefault(name, len(self.names))
        if code == len(self.names):
            self.names.append(name)
        return code


class _Calendar(dict):
    """Day numbers of the dates as written, in one column or in three; each is parsed once."""

    def __missing__(self, parts: tuple[str, ...]) -> int:
        self[parts] = day = day_number("-".join(part.strip() for part in parts))
        return day

"""Dates in files as numbers: year * 10000 + month * 100 + day."""

import datetime
import re
from collections.abc import Sequence

from kerastc.data.tables.columns import NamedColumns

# As in guessed_columns.py: tried in this order, ignoring case.
DATE_COLUMNS = (
    *(("publish_date",), ("date",), ("published",), ("publish_time",), ("created",)),
    *(("created_at",), ("timestamp",), ("year", "month", "day"), ("fecha",), ("תאריך",)),
)
DAY = re.compile(r"([0-9]{4})(?:([0-9]{2})([0-9]{2})|-([0-9]{1,2})-([0-9]{1,2})(?:[T ].*)?)")


def date_columns(table: NamedColumns, date: str | Sequence[str], taken: Sequence[str]) -> list[str]:
    """The columns that make up the date: one, or year, month and day; empty if there are none.

    Args:
        date: names that must be there; if empty, `DATE_COLUMNS` are tried.
        taken: columns that have another role.
    """
    if date:
        names = [date] if isinstance(date, str) else date
        return [table.require(name, "date") for name in names]
    there = {name.casefold(): name for name in table.columns if name not in taken}
    for names in DATE_COLUMNS:
        if all(name in there for name in names):
            return [table.require(there[name], "date") for name in names]
    return []


def day_number(written: str) -> int:
    """yyyymmdd of "20210131", "2021-01-31" or "2021-1-31 08:15", as an int; 0 for anything else.

    The day must be in the calendar: "20210229" gives 0, too.
    """
    found = DAY.fullmatch(written.strip())
    if not found:
        return 0
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        datetime.date(year, month, day)
    except ValueError:
        return 0
    return year * 10000 + month * 100 + day

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastc.data.dates import date_columns, day_number
from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tables.table_file import Table
from kerastc.errors import UserError


@given(st.dates())
def test_every_day_of_the_calendar_is_read_in_both_forms(day: datetime.date):
    number = day.year * 10000 + day.month * 100 + day.day
    assert day_number(day.strftime("%Y%m%d").zfill(8)) == number
    assert day_number(day.isoformat()) == day_number(f" {day.isoformat()}T08:15:00Z") == number
    assert day_number(f"{day.year:04}-{day.month}-{day.day}") == number


@pytest.mark.parametrize(
    "written",
    [
        "20219999",
        "20210229",
        "00000101",
        "2021-13-01",
        "2021",
        "1 May 2021",
        "202101011",
        "",
        "null",
    ],
)
def test_what_is_no_day_is_zero(written: str):
    assert day_number(written) == 0


@pytest.fixture
def table(tmp_path):
    def table(header: str) -> Table:
        (tmp_path / "a.csv").write_text(f"{header}\n")
        return Table.open(PlainFile.at(tmp_path / "a.csv"))

    return table


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Publish_Date,text", ["Publish_Date"]),
        ("text,year,month,day", ["year", "month", "day"]),
        ("text,year,label", []),
        ("created,date,text", ["date"]),
    ],
)
def test_the_date_is_guessed_by_usual_names(table, header, found):
    assert date_columns(table(header), [], ["text"]) == found


def test_a_column_that_is_something_else_is_not_guessed(table):
    assert date_columns(table("text,date"), [], ["text", "date"]) == []


def test_a_named_column_must_be_there(table):
    with pytest.raises(UserError, match=r"(?s)no column 'dat' \(date\).*Did you mean date=date"):
        date_columns(table("text,date"), "dat", ["text"])

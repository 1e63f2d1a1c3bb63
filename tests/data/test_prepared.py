import csv
import gzip
import json

import numpy as np
import pytest

from kerastc.data import CategoryRules, clean, read_texts, write_prepared
from kerastc.errors import UserError
from kerastc.text.preparation import TextPreparation

RULES = CategoryRules((("news.*", "news"),), "rules of the test")
ROWS = (
    "publish_date,headline_category,headline_text\n"
    '20210131,news.ireland,"A ""storm"", again"\n'
    "20219999,news,Ñandú  über טקסט\n"
    "20210131,weather,rain\n"
    "20210131,news,a\0b\n"
    "20210131,news\n"
)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_rows_report_and_rejected_rows_are_written(source, tmp_path, name):
    cleaned = clean(source, categories=RULES, preparation=TextPreparation(lowercase=True))
    table, report, rejected = write_prepared(cleaned, tmp_path / "new" / name)
    opener = gzip.open if name.endswith(".gz") else open
    with opener(table, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["year", "month", "day", "category", "primary_category", "text", "original"],
        ["2021", "1", "31", "news.ireland", "news", 'a "storm", again', 'A "storm", again'],
        ["", "", "", "news", "news", "ñandú über טקסט", "Ñandú über טקסט"],
    ]
    with rejected.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["line", "reason", "text"],
            ["4", "unmapped category", "rain"],
            ["5", "NUL character", "20210131,news,a\ufffdb"],
            ["6", "wrong number of columns", "20210131,news"],
        ]
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["rows_in"] == 5 and told["rows_kept"] == 2 and told["unmapped"] == {"weather": 1}
    assert told["options"]["preparation"]["lowercase"] is True
    assert told["options"]["categories"] == "rules of the test"
    assert told["steps"][-1]["name"] == "write"
    assert sorted(path.name for path in table.parent.iterdir()) == sorted(
        [name, "out.report.json", "out.rejected.csv"]
    )


def test_the_result_is_read_and_cleaned_again_without_being_told(source, tmp_path):
    cleaned = clean(source, categories=RULES)
    table, *_ = write_prepared(cleaned, tmp_path / "out.csv.gz")
    texts = read_texts(table, one_class=True)
    assert texts.fingerprint == cleaned.texts.fingerprint
    again = clean(table, categories=RULES)
    assert again.texts.fingerprint == cleaned.texts.fingerprint
    assert np.array_equal(again.texts.dates, cleaned.texts.dates)
    assert again.report.rejected == {}


def test_the_same_rows_give_the_same_bytes(source, tmp_path):
    written = [
        write_prepared(clean(source), tmp_path / folder / "out.csv.gz")[0] for folder in "ab"
    ]
    assert written[0].read_bytes() == written[1].read_bytes()
    assert written[0].read_bytes()[4:8] == bytes(4)  # gzip's time


def test_a_file_without_dates_gets_no_columns_for_them(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,x\nb,y\n")
    table, *_ = write_prepared(clean(path), tmp_path / "out.csv")
    assert table.read_text() == "category,primary_category,text,original\nx,x,a,a\ny,y,b,b\n"


def test_a_failure_leaves_none_of_the_files(source, tmp_path):
    cleaned = clean(source)
    cleaned.options["file"] = str(source)
    cleaned.options["unwritable"] = object()  # JSON cannot hold it: the last file fails
    with pytest.raises(TypeError):
        write_prepared(cleaned, tmp_path / "new" / "out.csv")
    assert list((tmp_path / "new").iterdir()) == []


def test_the_source_is_never_written_over(source, tmp_path):
    (tmp_path / "same.csv").symlink_to(source)
    for out in (source, tmp_path / "same.csv"):
        with pytest.raises(UserError, match="the file that is read"):
            write_prepared(clean(source), out)
    assert source.read_text(encoding="utf-8") == ROWS


def test_another_ending_is_refused(source, tmp_path):
    with pytest.raises(UserError, match=r"does not end in \.csv"):
        write_prepared(clean(source), tmp_path / "out.parquet")

"""`kerastc data describe` as a user meets it."""

import json

import pytest
from click.testing import CliRunner

from kerastc.cli import main

ROWS = """publish_date,headline_category,headline_text
20200101,sport,a late goal for Cork
20210203,sport.soccer,a late goal for Cork
20219999,news,rain on Friday
20210301,news,rain on Monday
20210302,news,
"""


@pytest.fixture
def headlines(tmp_path):
    path = tmp_path / "headlines.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def described(*words) -> str:
    result = CliRunner().invoke(main, ["data", "describe", *map(str, words)])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_tables_count_what_is_kept_and_what_is_not(headlines):
    text = described(headlines)
    assert "no date" in text
    assert "rejected: empty text: 1" in text
    assert "rows in the file: 5" in text
    assert "sport 1, sport.soccer 1" in text  # one text, two classes


def test_json_is_all_of_it(headlines):
    found = json.loads(described(headlines, "--json"))
    assert found["classes"] == {"news": 2, "sport": 1, "sport.soccer": 1}
    assert found["years"]["0"] == {"news": 1, "sport": 0, "sport.soccer": 0}
    assert found["noise"]["disagreeing"] == 1
    assert found["lengths"]["words"]["most"] == 5
    assert found["reading"]["rejected"] == {"empty text": 1}


def test_rules_make_primary_categories(headlines):
    found = json.loads(described(headlines, "--json", "--categories", "irish_times"))
    assert found["classes"] == {"news": 2, "sport": 2}


def test_the_page_is_written(headlines, tmp_path):
    page = tmp_path / "page.html"
    described(headlines, "--html", page)
    source = page.read_text(encoding="utf-8")
    assert source.count("data:image/png;base64,") == 4
    assert "rejected: empty text" in source


def test_a_file_without_a_usable_row_is_an_error_and_no_traceback(tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text("text,label\n,x\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["data", "describe", str(path)])
    assert result.exit_code == 1
    assert "Error: " in result.output
    assert "Traceback" not in result.output


def test_a_file_without_a_header_is_described_by_the_numbers_of_its_columns(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("".join(ROWS.splitlines(keepends=True)[1:]), encoding="utf-8")
    found = json.loads(described(path, "--no-header", "--text", 3, "--label", 2, "--json"))
    assert found["rows"] == 4
    refused = CliRunner().invoke(main, ["data", "describe", str(path)])
    assert refused.exit_code == 1 and "--no-header --text 2+3 --label 1" in refused.stderr

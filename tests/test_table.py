"""Tables with `rich` and without it say the same."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastc.table import plain_table, shared_start, show_table, wrapped

COLUMNS = ("model", "size", "p50")
ROWS = [("small.tflite", "6.2 MiB", "0.331"), ("a [bold] name", "86 MiB", "3.1")]


def test_plain_columns_end_at_one_line():
    assert plain_table(COLUMNS, ROWS, "Two models", True, 80).splitlines() == [
        "Two models",
        "model             size    p50",
        "small.tflite   6.2 MiB  0.331",
        "a [bold] name   86 MiB    3.1",
    ]


def test_the_first_column_gives_way():
    rows = [("one two three four five", "1", "2")]
    lines = plain_table(COLUMNS, rows, "", False, 23).splitlines()
    assert lines == ["model         size  p50", "one two       1     2", "three four", "five"]
    assert max(map(len, lines)) <= 23


def test_it_is_the_same_without_rich(capsys, monkeypatch):
    show_table(COLUMNS, ROWS)
    drawn = capsys.readouterr().out
    for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich", None)
    show_table(COLUMNS, ROWS)
    plain = capsys.readouterr().out
    assert "─" in drawn and "─" not in plain
    words = [line.split() for line in drawn.splitlines() if "─" not in line]
    assert words == [line.split() for line in plain.splitlines()]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "vocabulary distill:layers=3,learning_rate=2e-4 quantize:int8",
            ["vocabulary distill:layers=3,", "learning_rate=2e-4", "quantize:int8"],
        ),
        ("runs/text/20261121-101500-2", ["runs/text/20261121-101500-2"]),
        ("learning_rate=0.00012345,dropout=1e+5", ["learning_rate=0.00012345,", "dropout=1e+5"]),
        ("a-very-long-name-of-an-experiment-2e-4", ["a-very-long-name-of-an-", "experiment-2e-4"]),
        ("x" * 40, ["x" * 28, "x" * 12]),
    ],
)
def test_lines_end_between_words_and_never_inside_a_number(text, lines):
    assert wrapped(text, 28).split("\n") == lines


@given(st.text("ab1- ,/+:_=.e", max_size=60), st.integers(5, 30))
def test_wrapping_keeps_every_character_and_the_width(text, width):
    found = wrapped(text, width)
    assert "".join(found.split()) == "".join(text.split())
    assert max(map(len, found.split("\n"))) <= width


def test_what_all_names_begin_with_ends_at_a_word():
    assert shared_start(["runs/text/a1", "runs/text/a2"]) == "runs/text/"
    assert shared_start(["vocabulary low-rank:rank=3", "vocabulary prune:0.5"]) == "vocabulary "
    assert shared_start(["12", "13"]) == "" and shared_start(["one"]) == ""
    assert shared_start(["a b", "a b"]) == "a "
    assert shared_start(["a/", "a/b"]) == ""

"""Tables with `rich` and without it say the same."""

import sys

from kerastc.table import plain_table, show_table

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

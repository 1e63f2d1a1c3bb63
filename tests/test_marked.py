"""Marked texts on a terminal: colours, brackets, words above their labels."""

import sys

import pytest

from kerastc.marked import Marked, Piece, bracketed, interlinear, show_marked

MADRID = (Piece("En "), Piece("Madrid", "LOC", 1, 0.984), Piece(" llueve."))


def words(*pairs):
    return [Piece(word, label, 0, 0.5) for word, label in pairs]


def test_without_colours_labelled_parts_stand_in_brackets(capsys, monkeypatch):
    assert bracketed(MADRID) == "En [Madrid LOC 0.98] llueve."
    show_marked([Marked(MADRID), Marked((Piece("no\nname"),))])
    assert capsys.readouterr().out == "En [Madrid LOC 0.98] llueve.\nno name\n"
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    show_marked([Marked(MADRID)])
    assert capsys.readouterr().out == "En [Madrid LOC 0.98] llueve.\n"


def test_colours_go_with_the_label_in_words(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    show_marked([Marked((*MADRID, Piece("\x1b[2J", "LOC", 1)))])
    out = capsys.readouterr().out
    assert "\x1b[30;43m Madrid \x1b[0m" in out and "LOC 0.98" in out
    assert "\x1b[2J" not in out and "\\u001b[2J" in out


def test_labels_stand_below_their_words_and_lines_keep_to_the_width(capsys):
    found = list(interlinear(words(("El", "DET"), ("sol", "NOUN"), ("sale", "V")), 10))
    assert found == ["El   sol", "DET  NOUN", "0.50 0.50", "", "sale", "V", "0.50"]
    show_marked([Marked(words(("a", "X")), by_word=True), Marked(words(("b", "Y")), by_word=True)])
    assert capsys.readouterr().out == "a\nX\n0.50\n\nb\nY\n0.50\n"


@pytest.mark.parametrize(
    ("word", "label"), [("日本", "PROPN"), ("e\N{COMBINING ACUTE ACCENT}", "V"), ("a", "N")]
)
def test_wide_and_combining_characters_keep_the_columns(word, label):
    cells = pytest.importorskip("rich.cells")
    first, second, _ = interlinear(words((word, label), ("x", "Y")), 80)
    assert cells.cell_len(first[: first.index("x")]) == second.index("Y")


def test_a_script_from_the_right_has_a_word_a_line():
    found = list(interlinear(words(("שלום", "NOUN"), ("עולם", "NOUN")), 80))
    assert found == ["שלום  NOUN  0.50", "עולם  NOUN  0.50"]


def test_without_rich_there_are_brackets(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "kerastc.console", None)
    monkeypatch.setenv("FORCE_COLOR", "1")
    show_marked([Marked(MADRID)])
    assert capsys.readouterr().out == "En [Madrid LOC 0.98] llueve.\n"

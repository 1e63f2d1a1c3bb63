"""What a model cannot see of its texts."""

import numpy as np
import pytest

from kerastc.text.preparation import TextPreparation
from kerastc.text.preprocessing import Preprocessing
from kerastc.text.unseen import known_rows, unseen
from kerastc.text.vocabularies import WordPiece

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "blue"]


@pytest.fixture
def tokenizer():
    return WordPiece(VOCABULARY).tokenizer()


def found(tokenizer, texts, most=8):
    return unseen(tokenizer.encode(texts, most), tokenizer.unknown_id, most)


@pytest.mark.parametrize(("words", "cut"), [(2, False), (3, False), (4, True), (9, True)])
def test_a_text_that_just_fits_is_not_cut(tokenizer, words, cut):
    assert list(found(tokenizer, ["red " * words, "blue"], 5).cut) == [cut, False]


def test_unknown_tokens_are_counted_without_start_and_end(tokenizer):
    of = found(tokenizer, ["red green", "blue mauve pink", "red"])
    assert list(of.unknown) == [1, 2, 0]
    assert of.unknown_share == 3 / 6
    assert list(of.lines()) == [
        "2 of 3 texts (66.7%) have tokens that are not in the vocabulary (50.0% of all tokens)."
    ]
    assert found(tokenizer, []).unknown_share == 0
    assert not list(found(tokenizer, []).lines())
    assert not list(found(tokenizer, ["red"] * 1000 + ["green"]).lines())


@pytest.mark.parametrize("length", [None, 4])
def test_what_is_cut_is_told_in_shares(tokenizer, length):
    model = Preprocessing(tokenizer, 5, 12, TextPreparation())
    texts = ["red red red", "red  red   red", "red " * 4, "blue blue blue", "blue"]
    of = model.unseen(texts, length)
    assert list(of.long) == [False, False, True, True, False]  # folded, they have 11 and 15, 14
    assert list(of.cut) == ([False] * 5 if length is None else [True, True, True, False, False])
    [first, *more] = of.lines("; more")
    assert first == "2 of 5 texts (40.0%) have more than 12 characters: cut there."
    assert more == (
        [] if length is None else ["3 of 5 texts (60.0%) have more than 4 tokens: cut there; more."]
    )
    assert of.as_dict()["cut_by_characters"] == 2 and of.as_dict()["max_tokens"] == (length or 5)
    assert [row["cut"] for row in of.of_each()] == list(of.long | of.cut)
    assert list(model.unseen(["blue " * 9]).lines()) == [
        "The text has more than 12 characters: cut there."
    ]


def test_rows_that_a_cut_makes_equal_to_known_ones_are_counted(tokenizer):
    texts = ["red blue red", "red blue blue", "blue", "RED, BLUE"]
    rows = (np.array([1, 2, 3]), np.array([0, 0]))
    assert known_rows(tokenizer.encode(texts, 4), *rows) == 1
    assert known_rows(tokenizer.encode(texts, 8), *rows) == 0


def test_windows_are_parts_of_their_texts(tokenizer):
    texts = ["red blue red blue green", "blue", "red blue red blue green"]
    rows = tokenizer.encode(texts, 4, stride=1)
    assert len(rows) > len(texts)
    of = unseen(rows, tokenizer.unknown_id, 4)
    assert not of.cut.any()
    assert list(of.unknown) == [1, 0, 1]
    assert known_rows(rows, np.array([1, 2]), np.array([0])) == 1

"""Documents as rows of windows: nothing is lost, windows are even, a row's length tells them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_presets import WORD_PIECES

from kerastc.errors import UserError
from kerastc.text.documents import Windowing
from kerastc.text.vocabularies import WordPiece

TOKENIZER = WordPiece(WORD_PIECES).tokenizer()
WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "dog", "ran", "in", "sun"]
START, END = TOKENIZER.id("[CLS]"), TOKENIZER.id("[SEP]")


def text(words: int) -> str:
    return " ".join(WORDS[i * i % len(WORDS)] for i in range(words))


def inner(windows, overlap: int) -> list[int]:
    """The tokens of a document, put together from its windows."""
    found: list[int] = []
    for window in windows:
        ids = window.ids.tolist()
        assert ids[0] == START and ids[-1] == END
        repeated = overlap if found else 0
        assert found[len(found) - repeated :] == ids[1 : 1 + repeated]
        found += ids[1 + repeated : -1]
    return found


@given(
    counts=st.lists(st.integers(0, 300), min_size=1, max_size=4),
    window=st.integers(8, 20),
    overlap=st.integers(0, 2),
    most=st.integers(1, 40),
)
def test_windows_hold_all_tokens_of_a_document_up_to_the_limit(counts, window, overlap, most):
    windowing = Windowing(window, overlap)
    rows = windowing.encode(TOKENIZER, map(text, counts), most * window)
    parts = windowing.split(rows)
    assert rows.texts.tolist() == list(range(len(counts)))
    for number, count in enumerate(counts):
        own = [row for row, of in zip(parts, parts.texts, strict=True) if of == number]
        sizes = [len(row) for row in own]
        assert len(own) <= most and max(sizes) <= window and np.ptp(sizes) <= 1
        found = inner(own, overlap)
        whole = TOKENIZER.encode([text(count)], 1000)[0].ids[1:-1].tolist()
        assert found == whole[: len(found)]
        assert rows.cut[number] == (len(found) < len(whole))


@given(counts=st.lists(st.integers(0, 90), min_size=1, max_size=4), window=st.integers(8, 20))
def test_padding_puts_each_window_at_the_start_of_its_place(counts, window):
    windowing = Windowing(window)
    rows = windowing.encode(TOKENIZER, map(text, counts), 1000 * window)
    for length in (None, windowing.count(int(rows.lengths.max())) * window):
        arrays = windowing.pad(TOKENIZER, rows, length)
        total = arrays["token_ids"].shape[1]
        places = -(-total // window)
        assert total % places == 0
        mask = arrays["padding_mask"].reshape(len(counts), places, -1).astype(bool)
        there = mask.sum(axis=2)
        assert (np.diff(mask.astype(int), axis=2) <= 0).all()  # padding is behind the tokens
        for number, size in enumerate(rows.lengths):
            parts = np.array_split(np.arange(size), -(-size // window))
            assert there[number][: len(parts)].tolist() == [len(part) for part in parts]
        ids = arrays["token_ids"].reshape(mask.shape)
        assert ids[mask].tolist() == rows.ids.values.tolist()


def test_a_row_cut_for_a_shorter_call_keeps_its_first_windows():
    windowing = Windowing(8)
    rows = windowing.encode(TOKENIZER, [text(40), text(3)], 800)
    short = windowing.first(rows, 16)
    assert short.cut.tolist() == [True, False]
    kept = [row.ids.tolist() for row in windowing.split(short)]
    every = [row.ids.tolist() for row in windowing.split(rows)]
    assert kept == [*every[:2], every[-1]]


def test_a_length_that_ends_within_a_window_is_refused():
    Windowing(128).check(96)
    Windowing(128).check(256)
    with pytest.raises(UserError, match="windows of 128") as caught:
        Windowing(128).check(300)
    assert "256 or 384" in caught.value.hint

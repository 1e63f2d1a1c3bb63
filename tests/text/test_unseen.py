"""What a model cannot see of its texts."""

import numpy as np
import pytest

from kerastc.text.tokens import WordPiece
from kerastc.text.unseen import cut_texts, known_rows, unknown_share

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "blue"]


@pytest.fixture
def tokenizer():
    return WordPiece(VOCABULARY, True, True)


@pytest.mark.parametrize(("words", "cut"), [(2, 0), (3, 0), (4, 1), (9, 1)])
def test_a_text_that_just_fits_is_not_cut(tokenizer, words, cut):
    texts = ["red " * words, "blue"]
    assert cut_texts(texts, tokenizer.encode(texts, 5), tokenizer, 5) == cut


def test_unknown_tokens_are_counted_without_start_and_end(tokenizer):
    tokens = tokenizer.encode(["red green", "blue mauve"], 8)
    assert unknown_share(tokens, tokenizer) == 0.5
    assert unknown_share(tokenizer.encode([], 8), tokenizer) == 0


def test_rows_that_a_cut_makes_equal_to_known_ones_are_counted(tokenizer):
    texts = ["red blue red", "red blue blue", "blue", "RED, BLUE"]
    rows = (np.array([1, 2, 3]), np.array([0, 0]))
    assert known_rows(tokenizer.encode(texts, 4), *rows) == 1
    assert known_rows(tokenizer.encode(texts, 8), *rows) == 0

"""Tokens say of which word of the user's text they are, and where they stand in it."""

from dataclasses import asdict

import numpy as np
import pytest
from tiny_presets import byte_pairs, sentence_pieces, tokenizer_of

from kerastc.text.preparation import TextPreparation
from kerastc.text.preprocessing import Preprocessing
from kerastc.text.words import encoded_words

TEXTS = ["the  cat, sat", "dog", " café ran in\tsun  ", "東京 the"]
TOKENIZERS = {
    "word pieces": lambda: tokenizer_of("Bert"),
    "byte pairs": byte_pairs,
    "unigrams": lambda: sentence_pieces("XLMRoberta"),
}


@pytest.fixture(params=TOKENIZERS)
def tokenizer(request):
    return TOKENIZERS[request.param]()


def test_the_tokens_are_those_of_the_text(tokenizer):
    found = encoded_words(tokenizer, TEXTS, 64, list)
    expected = tokenizer.encode([" ".join(text.split()) for text in TEXTS], 64)
    np.testing.assert_array_equal(found.ids.values, expected.ids.values)
    np.testing.assert_array_equal(found.lengths, expected.lengths)


def test_the_tokens_of_a_word_stand_where_the_user_wrote_it(tokenizer):
    for text, row in zip(TEXTS, encoded_words(tokenizer, TEXTS, 64, list), strict=True):
        words = text.split()
        assert (row.words[row.special] == -1).all()
        assert set(row.words[~row.special].tolist()) == set(range(len(words)))
        for number, word in enumerate(words):
            of_word = row.offsets[row.words == number]
            assert text[of_word[:, 0].min() : of_word[:, 1].max()] == word


def test_a_word_that_is_prepared_away_has_no_token_and_shifts_no_other():
    def without_the(words):
        return ["" if word == "the" else word for word in words]

    tokenizer = tokenizer_of("Bert")
    [row] = encoded_words(tokenizer, ["the cat the sat"], 64, without_the)
    assert row.words.tolist() == [-1, 1, 3, -1]
    assert row.offsets.tolist() == [[0, 0], [4, 7], [12, 15], [0, 0]]


def test_a_long_text_loses_its_last_words():
    [row] = encoded_words(tokenizer_of("Bert"), ["the cat sat on"], 4, list)
    assert row.words.tolist() == [-1, 0, 1, -1]


def test_a_run_whose_answers_are_of_words_says_so(tmp_path):
    tokenizer_of("Bert").save(tmp_path)
    values = {"max_tokens": 16, "max_characters": 0, "preparation": asdict(TextPreparation())}
    assert Preprocessing.read(values, tmp_path).tokens(["the cat, sat"]).words is None
    [row] = Preprocessing.read(values | {"words": True}, tmp_path).tokens(["the cat, sat"])
    assert row.words.tolist() == [-1, 0, 1, 1, 2, -1]


def test_with_a_stride_each_word_is_in_a_window():
    texts = ["the cat sat on the mat", "dog"]
    model = Preprocessing(tokenizer_of("Bert"), 5, 0, TextPreparation(), words=True, stride=1)
    rows = model.tokens(texts)
    assert rows.texts.tolist() == [0, 0, 0, 1]
    for text, words in enumerate(map(str.split, texts)):
        seen = np.concatenate(
            [row.words for of, row in zip(rows.texts, rows, strict=True) if of == text]
        )
        assert set(seen.tolist()) == {-1, *range(len(words))}
    assert not rows.cut.any()
    assert len(model.tokens(texts, 3)) == 7  # one token in each, with nothing to share

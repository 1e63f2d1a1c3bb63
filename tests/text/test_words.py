"""Tokens say of which word of the user's text they are, and where they stand in it."""

import pickle
from dataclasses import asdict

import numpy as np
import pytest
from tiny_presets import byte_pairs, sentence_pieces, tokenizer_of

from kerastc.errors import UserError
from kerastc.text.preparation import TextPreparation
from kerastc.text.preprocessing import Preprocessing
from kerastc.text.word_rules import SPACES
from kerastc.text.worded import Worded
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


def test_the_tokens_are_those_of_the_words(tokenizer):
    found = encoded_words(tokenizer, TEXTS, 64, list, rule=SPACES)
    expected = tokenizer.encode([" ".join(text.split()) for text in TEXTS], 64)
    np.testing.assert_array_equal(found.ids.values, expected.ids.values)
    np.testing.assert_array_equal(found.lengths, expected.lengths)
    [parted], [expected] = (
        encoded_words(tokenizer, TEXTS[:1], 64, list),
        tokenizer.encode(["the cat , sat"], 64),
    )
    np.testing.assert_array_equal(parted.ids, expected.ids)


@pytest.mark.parametrize("rule", ["spaces", "punctuation"])
def test_the_tokens_of_a_word_stand_where_the_user_wrote_it(tokenizer, rule):
    for text, row in zip(TEXTS, encoded_words(tokenizer, TEXTS, 64, list, rule=rule), strict=True):
        words = Worded.of(text, rule).words
        assert (row.words[row.special] == -1).all()
        assert set(row.words[~row.special].tolist()) == set(range(len(words)))
        for number, word in enumerate(words):
            of_word = row.offsets[row.words == number]
            assert text[of_word[:, 0].min() : of_word[:, 1].max()] == word


def test_given_words_are_kept_and_those_of_one_place_stand_there_as_a_whole(tokenizer):
    spans = [(0, 3), (4, 7), (4, 7), (8, 13)]
    text = Worded("sol del café.", ["sol", "de", "el", "café."], spans)
    [row] = encoded_words(tokenizer, [text], 64, list)
    [expected] = tokenizer.encode(["sol de el café."], 64)
    np.testing.assert_array_equal(row.ids, expected.ids)
    found = [row.offsets[row.words == number] for number in range(4)]
    assert [(of[:, 0].min(), of[:, 1].max()) for of in found] == spans
    assert {tuple(of) for of in found[2].tolist()} == {(4, 7)}


def test_a_text_keeps_its_words_on_its_way():
    text = Worded.joined(["San.Juan", "-", "D'Alema"])
    assert text == "San.Juan - D'Alema" and str(text) is not text
    assert [text[begin:end] for begin, end in text.spans] == list(text.words)
    for copy in (pickle.loads(pickle.dumps(text)), Worded.of_dict(text.as_dict())):
        assert (copy, copy.words) == (text, text.words)
        np.testing.assert_array_equal(copy.spans, text.spans)
    assert Worded.of(text, "punctuation") is text
    with pytest.raises(ValueError, match="1 words, but 0 spans"):
        Worded("a", ["a"], [])


def test_a_word_that_is_prepared_away_has_no_token_and_shifts_no_other():
    def without_the(words):
        return ["" if word == "the" else word for word in words]

    tokenizer = tokenizer_of("Bert")
    [row] = encoded_words(tokenizer, ["the cat the sat"], 64, without_the)
    assert row.words.tolist() == [-1, 1, 3, -1]
    assert row.offsets.tolist() == [[0, 0], [4, 7], [12, 15], [0, 0]]


def test_a_text_without_a_word_has_no_tokens_but_the_special_ones(tokenizer):
    [row] = encoded_words(tokenizer, ["\u200b"], 64, list)
    assert row.special.all() and (row.words == -1).all()


def test_a_long_text_loses_its_last_words():
    [row] = encoded_words(tokenizer_of("Bert"), ["the cat sat on"], 4, list)
    assert row.words.tolist() == [-1, 0, 1, -1]


def test_a_run_whose_answers_are_of_words_says_by_which_rule_they_are_found(tmp_path):
    tokenizer_of("Bert").save(tmp_path)
    values = {"max_tokens": 16, "max_characters": 0, "preparation": asdict(TextPreparation())}

    def words(stored):
        return Preprocessing.read(values | stored, tmp_path).tokens(["the cat, sat"])[0].words

    assert words({}) is None
    assert words({"words": "punctuation"}).tolist() == [-1, 0, 1, 2, 3, -1]
    assert words({"words": "spaces"}).tolist() == [-1, 0, 1, 1, 2, -1]
    assert words({"words": True}).tolist() == words({"words": "spaces"}).tolist()
    with pytest.raises(UserError, match="'syllables' is no rule for words"):
        words({"words": "syllables"})


def test_with_a_stride_each_word_is_in_a_window():
    texts = ["the cat sat on the mat", "dog"]
    model = Preprocessing(tokenizer_of("Bert"), 5, 0, TextPreparation(), words="spaces", stride=1)
    rows = model.tokens(texts)
    assert rows.texts.tolist() == [0, 0, 0, 1]
    for text, words in enumerate(map(str.split, texts)):
        seen = np.concatenate(
            [row.words for of, row in zip(rows.texts, rows, strict=True) if of == text]
        )
        assert set(seen.tolist()) == {-1, *range(len(words))}
    assert not rows.cut.any()
    assert len(model.tokens(texts, 3)) == 7  # one token in each, with nothing to share

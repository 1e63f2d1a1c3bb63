"""Tokens of a context say of which of its words they are, so that no answer cuts one."""

import re

import numpy as np
import pytest
from tiny_presets import byte_pairs, sentence_pieces, tokenizer_of

from kerastc.outputs.spans.decoding import answered
from kerastc.text.questions import encoded_questions

TOKENIZERS = {
    "word pieces": lambda: tokenizer_of("Bert"),
    "byte pairs": byte_pairs,
    "unigrams": lambda: sentence_pieces("XLMRoberta"),
}
CONTEXTS = [
    "The cat sat, then ran (in 1492) to the sun; the dogs slept catastrophically.",
    "café cafe\u0301 A-2 3,14 東京都 the cat's",
    "",
    "supercalifragilisticexpialidocious" * 3,
]


@pytest.fixture(params=TOKENIZERS)
def tokenizer(request):
    return TOKENIZERS[request.param]()


@pytest.mark.parametrize("length", [16, 64])
def test_no_answer_cuts_a_word(tokenizer, length):
    pairs = [("who ran?", context) for context in CONTEXTS]
    rows = encoded_questions(tokenizer, pairs, length, 2)
    random = np.random.default_rng(0)
    said = [random.normal(size=(len(row), 2)) for row in rows]
    checked = 0
    for context, answer in zip(CONTEXTS[:3], answered(said, rows, 30, None)[:3], strict=True):
        # Letters and their marks; 東京都 is three words.
        words = [word.span() for word in re.finditer("(?:[a-zé0-9]\u0301?)+", context.lower())]
        inside = {at for begin, end in words for at in range(begin + 1, end)}
        for span in answer.spans:
            assert not {span.begin, span.end} & inside, context[span.begin : span.end]
            checked += 1
    assert checked > 20


def test_where_all_is_one_word_a_part_of_it_is_answered(tokenizer):
    rows = encoded_questions(tokenizer, [("who?", CONTEXTS[3])], 16, 2)
    said = [np.random.default_rng(0).normal(size=(len(row), 2)) for row in rows]
    [answer] = answered(said, rows, 30, None)
    assert answer.spans


def test_words_are_numbered_where_a_window_has_them_whole(tokenizer):
    [whole] = encoded_questions(tokenizer, [("who?", CONTEXTS[0])], 200, 0)
    numbers = whole.words[whole.words >= 0]
    assert (np.diff(numbers) >= 0).all()
    cut = encoded_questions(tokenizer, [("who?", CONTEXTS[0])], 16, 2)
    for row in cut:
        for number in set(row.words[row.words >= 0].tolist()):
            there = row.offsets[row.words == number]
            every = whole.offsets[whole.words == number]
            np.testing.assert_array_equal(there, every)

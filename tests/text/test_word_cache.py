"""Words that are looked up give the tokens that the library gives the whole text."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_texts import NASTY
from tiny_presets import byte_pairs, sentence_pieces, tokenizer_of

from kerastc.text import word_cache
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.word_cache import WordCache, splits_at_spaces

KINDS = {
    "WordPiece": lambda: tokenizer_of("Bert"),
    "unigrams of XLM-R": lambda: sentence_pieces("XLMRobertaTokenizer"),
    "unigrams of ALBERT": lambda: sentence_pieces("Albert"),
    "byte pairs": byte_pairs,
}
SPACES = ["the cat", " the cat", "the cat ", "the  cat", "", " ", "the\tcat", "the\u00a0 cat"]
ODD = [
    "a \u00b4 b",
    "a \x07 b",
    "a \u200b b",
    "a <s> b",
    "x[SEP]y [SEP] z",
    "\u00b4a b\u00b4 c",
    "a ﹰ b",
    "\ud800 a",
]


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return KINDS[request.param]()


def same(tokenizer: Tokenizer, cache: WordCache, texts: list[str]) -> None:
    found, expected = cache.encode(texts), tokenizer.ids(texts)
    assert found.lengths.tolist() == expected.lengths.tolist()
    assert found.values.tolist() == expected.values.tolist()


def test_every_text_has_the_tokens_of_the_library(tokenizer: Tokenizer):
    cache = WordCache(tokenizer)
    texts = [*NASTY, *SPACES, *ODD]
    for _ in range(2):  # unknown words, then known ones
        same(tokenizer, cache, texts)
        for text in texts:
            same(tokenizer, cache, [text])


@given(st.lists(st.text(string.ascii_letters[:6] + " .,\u00b4é\u0301\u200b東\t<s>[", max_size=30)))
def test_any_text_has_the_tokens_of_the_library(texts: list[str]):
    for name, (tokenizer, cache) in CACHED.items():
        del name
        same(tokenizer, cache, texts)


CACHED = {name: (made, WordCache(made)) for name, kind in KINDS.items() for made in [kind()]}


def test_a_known_word_is_not_tokenized_again(monkeypatch: pytest.MonkeyPatch):
    tokenizer = tokenizer_of("Bert")
    cache = WordCache(tokenizer)
    cache.encode(["the cat sat", "a dog"])
    monkeypatch.setattr(tokenizer, "ids", None)
    assert cache.encode(["the dog sat", "a cat"]).lengths.tolist() == [3, 2]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(word_cache, "MOST_WORDS", 3)
    tokenizer = tokenizer_of("Bert")
    cache = WordCache(tokenizer)
    for text in ("the cat sat on", "a mat and dog", "ran in sun", "the cat ran"):
        same(tokenizer, cache, [text])
        assert len(cache._known) <= 3 + 4


def test_byte_pairs_may_reach_over_spaces_and_words_may_not():
    assert not splits_at_spaces(byte_pairs().described())
    assert splits_at_spaces(tokenizer_of("Bert").described())
    told = tokenizer_of("Bert").described()
    told["added_tokens"][0]["content"] = "two words"
    assert not splits_at_spaces(told)

"""Tokenizers made of a bare vocabulary, compared with the published one and the library's own."""

import json

import keras_hub
import numpy as np
import pytest
import tokenizers
from nasty_texts import NASTY
from tiny_presets import WORD_PIECES, byte_pair_files, byte_pairs

from kerastc.errors import UserError
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.vocabularies import SPECIAL, WordPiece, read_lines

FEW = [*SPECIAL, "Café", "cafe", "café"]


def test_a_vocabulary_file_gives_the_tokens_of_the_published_tokenizer(minilm):
    made = WordPiece(read_lines(minilm / "vocab.txt")).tokenizer()
    published = Tokenizer.read(minilm)
    for length, second in ((128, None), (40, NASTY[::-1])):
        found, expected = (t.encode(NASTY, length, second) for t in (made, published))
        assert [row.key() for row in found] == [row.key() for row in expected]
    assert WordPiece.of(published) == WordPiece.of(made)


def test_cased_vocabulary_keeps_case_and_accents():
    cased = WordPiece(FEW, lowercase=False, strip_accents=False).tokenizer()
    assert cased.encode(["Café cafe CAFE"], 9).ids[0].tolist() == [2, 5, 6, 1, 3]


def test_lowercase_without_stripping_accents():
    tokenizer = WordPiece(FEW, lowercase=True, strip_accents=False).tokenizer()
    assert tokenizer.encode(["Café cafe"], 9).ids[0].tolist() == [2, 7, 6, 3]


@pytest.mark.parametrize(
    "options", [(True, True, True), (False, False, True), (True, False, False)]
)
def test_what_a_tokenizer_does_is_read_off_its_file(options, tmp_path):
    made = WordPiece(WORD_PIECES, *options)
    made.tokenizer().save(tmp_path)
    assert WordPiece.of(Tokenizer.read(tmp_path)) == made


@pytest.mark.parametrize(
    "change",
    [
        {"pre_tokenizer": {"type": "WhitespaceSplit"}},
        {"normalizer": None},
        {"normalizer": {"type": "Lowercase"}},
        {"post_processor": None},
        {"added_tokens": [{"content": "new", "special": False}]},
        {"model": {"max_input_chars_per_word": 20}},
    ],
)
def test_a_tokenizer_that_does_anything_else_is_not_taken_for_it(change):
    told = WordPiece(WORD_PIECES).tokenizer().described()
    if "added_tokens" in change:
        flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        change["added_tokens"][0] |= {"id": len(WORD_PIECES), **flags}
        change["added_tokens"] = told["added_tokens"] + change["added_tokens"]
    if "model" in change:
        change["model"] = told["model"] | change["model"]
    assert WordPiece.of(Tokenizer(json.dumps(told | change))) is None
    assert WordPiece.of(byte_pairs()) is None


def test_keras_hub_gives_the_same_ids(minilm):
    vocabulary = read_lines(minilm / "vocab.txt")
    layer = keras_hub.tokenizers.BertTokenizer(
        vocabulary=vocabulary, lowercase=True, strip_accents=True, special_tokens_in_strings=True
    )
    texts = ["Café, naïve words!", "東京 x [SEP] don't", "שלום"]
    for text, row in zip(texts, WordPiece(vocabulary).tokenizer().encode(texts, 64), strict=True):
        assert np.asarray(layer(text)).tolist() == row.ids[1:-1].tolist()


def test_byte_pairs_agree_with_the_reference_split():
    vocabulary, merges = byte_pair_files()
    reference = tokenizers.ByteLevelBPETokenizer(
        vocabulary, [tuple(merge.split(" ")) for merge in merges]
    )
    texts = [text for text in NASTY if "[" not in text] + ["the cat 1234 the  cats", "\n\n the\n"]
    for text, row in zip(texts, byte_pairs().encode(texts, 4000), strict=True):
        assert row.ids.tolist() == [0, *reference.encode(text).ids, 2]


def test_special_tokens_in_a_text_are_special_to_roberta():
    ours = byte_pairs()
    assert ours.encode(["<s> <mask>"], 9).ids[0].tolist() == [0, 0, ours.mask_id, 2]


def test_a_vocabulary_without_special_tokens_is_refused():
    with pytest.raises(UserError, match=r"lacks .*\[CLS\]"):
        WordPiece(["[PAD]", "[UNK]", "a"]).tokenizer()

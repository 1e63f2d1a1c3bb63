"""A smaller vocabulary: the same cuts wherever no token is missing."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nasty_texts import NASTY
from tiny_presets import sentence_piece_proto
from tokenizers import AddedToken, pre_tokenizers

from kerastc.errors import UserError
from kerastc.text.restricted import is_restrictable, restricted
from kerastc.text.sentence_piece import roberta_sentence_pieces, sentence_pieces
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.vocabularies import SPECIAL, WordPiece, byte_pairs

LETTERS = "abcdefghijklmnopqrstuvwxyz"
PIECES = [
    *(*SPECIAL, "un", "##happy", "happy", "##ness", "sail", "##ing", "##or"),
    *(*LETTERS, *(f"##{c}" for c in LETTERS)),
]
MERGES = ["h a", "p p", "ha pp", "happ y", "u n", "Ġ happy", "Ġ s", "i n", "in g", "Ġs a", "Ġsa il"]
SENTENCES = (
    *("the cat sat on the mat", "the dog ran in the sun", "a sailor went sailing in the storm"),
    *(
        "the cooking of the storm was the sailing of the cat",
        "a mat in the sun and a dog in a boat",
    ),
    *("boats and sailors, cooks and cooking", "running dogs and sunning cats were in the boat"),
)
WORDS = st.lists(
    st.sampled_from(["unhappy", "happiness", "sailing", "sailor", "zz", "é"]), max_size=6
)


def word_pieces() -> Tokenizer:
    return WordPiece(PIECES).tokenizer([AddedToken(":-)")])


def pairs() -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = ["i l", *MERGES]
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *alphabet, *(m.replace(" ", "") for m in merges)]
    vocabulary = {token: i for i, token in enumerate([*tokens, "<mask>"])}
    return byte_pairs(vocabulary, merges, added=[AddedToken(":-)")])


def unigrams(kind: str = "Albert", model: str = "unigram", size: int = 45) -> Tokenizer:
    read = roberta_sentence_pieces if kind == "XLMRoberta" else sentence_pieces
    return read(sentence_piece_proto(model, kind, SENTENCES, size), added=[AddedToken(":-)")])


@pytest.mark.parametrize("tokenizer", [word_pieces(), pairs()], ids=["pieces", "pairs"])
@given(WORDS, WORDS)
@settings(max_examples=40)
def test_texts_of_kept_tokens_are_cut_as_before_and_others_still_are_cut(tokenizer, known, new):
    text = " ".join(known) or "happy"
    before = tokenizer.encode([text], 64).ids[0]
    smaller, kept = restricted(tokenizer, before)
    np.testing.assert_array_equal(kept[smaller.encode([text], 64).ids[0]], before)
    other = smaller.encode([" ".join(new)], 64).ids[0]
    assert other.max() < smaller.vocabulary_size == len(kept)
    if tokenizer.model == "WordPiece" and "é" not in new:
        assert smaller.unknown_id not in other[1:-1]  # no word is lost


def test_a_word_without_its_token_falls_into_pieces_that_are_there():
    used = [PIECES.index(token) for token in ("un", "##happy")]
    smaller, _ = restricted(word_pieces(), used)
    tokens = [smaller.token(i) for i in smaller.encode(["unhappy happy"], 64).ids[0][1:-1]]
    assert tokens == ["un", "##happy", "h", "##a", "##p", "##p", "##y"]


@pytest.mark.parametrize(
    "tokenizer",
    [
        *(word_pieces(), pairs(), unigrams("XLMRoberta"), unigrams("DebertaV3"), unigrams()),
        unigrams(model="bpe", size=60),
    ],
    ids=["pieces", "pairs", "XLMRoberta", "DebertaV3", "Albert", "merged pieces"],
)
def test_a_corpus_keeps_its_tokens_one_to_one(tokenizer):
    corpus = [*SENTENCES[:4], *NASTY, "happy :-) sailing"]
    before = tokenizer.encode(corpus, 400, corpus[::-1])
    smaller, kept = restricted(tokenizer, np.unique(before.ids.values))
    assert is_restrictable(tokenizer)
    assert len(kept) == smaller.vocabulary_size < tokenizer.vocabulary_size
    assert [tokenizer.token(i) for i in kept] == [smaller.token(i) for i in range(len(kept))]
    after = smaller.encode(corpus, 400, corpus[::-1])
    np.testing.assert_array_equal(kept[after.ids.values], before.ids.values)
    for role in ("pad_id", "mask_id", "unknown_id"):
        old, new = getattr(tokenizer, role), getattr(smaller, role)
        assert old == new if old is None else kept[new] == old
    for texts in (1, 2):
        for old, new in zip(tokenizer.frame(texts).ids, smaller.frame(texts).ids, strict=True):
            np.testing.assert_array_equal(kept[new], old)
    assert smaller.token(smaller.id(":-)")) == ":-)"
    again, rest = restricted(smaller, range(len(kept)))
    assert again.described() == smaller.described() and rest.tolist() == list(range(len(kept)))


def test_an_unknown_character_costs_a_unigram_model_what_it_did():
    """Where the least probable piece went, a path through an unknown character would be cheaper."""
    told = unigrams().described()
    pieces = [["<unk>", 0.0], ["[CLS]", 0.0], ["[SEP]", 0.0], ["[MASK]", 0.0], ["<pad>", 0.0]]
    pieces += [["▁", -2.0], ["xy", -18.0], ["z", -18.0], ["yz", -2.0], ["rare", -40.0]]
    told["model"] |= {"vocab": pieces, "unk_id": 0}
    told["added_tokens"] = []
    ids = {"[CLS]": 1, "[SEP]": 2}
    for name, special in told["post_processor"]["special_tokens"].items():
        special["ids"] = [ids[name]]
    tokenizer = Tokenizer(json.dumps(told))
    before = tokenizer.encode(["xyz"], 9).ids[0]
    assert [tokenizer.token(i) for i in before[1:-1]] == ["▁", "xy", "z"]
    smaller, kept = restricted(tokenizer, [*before, tokenizer.id("yz")])
    np.testing.assert_array_equal(kept[smaller.encode(["xyz"], 9).ids[0]], before)


def test_another_model_is_not_cut():
    told = word_pieces().described()
    model = {"type": "WordLevel", "vocab": told["model"]["vocab"], "unk_token": "[UNK]"}
    assert not is_restrictable(Tokenizer(json.dumps(told | {"model": model})))


def test_ids_that_cannot_be_kept_in_order_are_refused():
    told = word_pieces().described()
    del told["model"]["vocab"]["sail"]  # the library puts an added token where a hole is counted
    told["added_tokens"][-1]["id"] = len(PIECES) - 1
    with pytest.raises(UserError, match="does not apply"):
        restricted(Tokenizer(json.dumps(told)), range(8))

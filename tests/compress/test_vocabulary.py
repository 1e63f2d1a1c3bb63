"""A smaller table: the same cuts and the same logits wherever no token is missing."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_presets import sentence_piece_proto
from tokenizers import pre_tokenizers

from kerastc.compress.restricted import is_restrictable, restricted
from kerastc.compress.vocabulary import Vocabulary
from kerastc.compress.work import Work
from kerastc.errors import UserError
from kerastc.models import load_encoder, text_classifier
from kerastc.text.preparation import TextPreparation
from kerastc.text.tokens import BytePair, SentencePiece, WordPiece

PIECES = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##happy", "happy", "##ness", "sail"),
    *(
        "##ing",
        "##or",
        *"abcdefghijklmnopqrstuvwxyz",
        *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz"),
    ),
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


def word_pieces() -> WordPiece:
    return WordPiece(PIECES, lowercase=True, strip_accents=True)


def byte_pairs() -> BytePair:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = ["i l", *MERGES]
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *alphabet, *(m.replace(" ", "") for m in merges)]
    return BytePair({token: i for i, token in enumerate([*tokens, "<mask>"])}, merges)


@pytest.mark.parametrize("tokenizer", [word_pieces(), byte_pairs()], ids=["pieces", "pairs"])
@given(WORDS, WORDS)
@settings(max_examples=40, deadline=None)
def test_texts_of_kept_tokens_are_cut_as_before_and_others_still_are_cut(tokenizer, known, new):
    text = " ".join(known) or "happy"
    before = tokenizer.encode([text], 64)[0]
    smaller, kept = restricted(tokenizer, before)
    np.testing.assert_array_equal(kept[smaller.encode([text], 64)[0]], before)
    other = smaller.encode([" ".join(new)], 64)[0]
    assert other.max() < smaller.vocabulary_size == len(kept)
    if isinstance(tokenizer, WordPiece) and "é" not in new:
        assert smaller.vocabulary.index("[UNK]") not in other[1:-1]  # no word is lost


def test_a_word_without_its_token_falls_into_pieces_that_are_there():
    tokenizer = word_pieces()
    used = [PIECES.index(token) for token in ("un", "##happy")]
    smaller, _ = restricted(tokenizer, used)
    tokens = [smaller.vocabulary[i] for i in smaller.encode(["unhappy happy"], 64)[0][1:-1]]
    assert tokens == ["un", "##happy", "h", "##a", "##p", "##p", "##y"]


@pytest.mark.backend
@pytest.mark.parametrize("rank", [None, 4])
def test_the_logits_of_known_texts_stay(tiny_encoder, rank):
    from kerastc.compress.low_rank import factorised
    from kerastc.compress.places import replace
    from kerastc.models import compact

    encoder = load_encoder(str(tiny_encoder))
    model = compact(text_classifier(encoder, 3, seed=1))
    if rank:  # a table that was factorised before
        table = model.get_layer("encoder").tokens
        rows = np.asarray(table.get_weights()[0])
        left, right = rows[:, :rank], rows[:rank]
        model = replace(model, {"encoder/tokens": factorised(table, left, right)})
    texts = np.array(["boil salt pan", "mast wind wind harbour", "oven x1y"], dtype=object)
    batch = encoder.tokenizer.pad(encoder.encode(texts, 16))
    expected = model.predict_on_batch(batch)
    work = work_on(model, encoder.tokenizer, texts)
    told = Vocabulary().apply(work)
    tokenizer = work.task.tokenizer
    assert told["tokens"] == [encoder.tokenizer.vocabulary_size, tokenizer.vocabulary_size]
    assert told["places"] == [64, 16] and "king" not in tokenizer.vocabulary
    again = tokenizer.pad(tokenizer.encode(texts, 16))
    assert (again["token_ids"] != batch["token_ids"]).any()
    np.testing.assert_allclose(work.model.predict_on_batch(again), expected, atol=1e-6)
    saved = keras.Model.from_config(work.model.get_config())
    assert saved.count_params() == work.model.count_params()


def test_rare_tokens_give_way_to_their_pieces(tiny_encoder):
    encoder = load_encoder(str(tiny_encoder))
    texts = np.array(["salt salt mast"], dtype=object)
    work = work_on(text_classifier(encoder, 3), encoder.tokenizer, texts)
    Vocabulary(min_count=2).apply(work)
    assert "salt" in work.task.tokenizer.vocabulary and "mast" not in work.task.tokenizer.vocabulary


@pytest.mark.parametrize("kind", ["XLMRoberta", "DebertaV3", "Albert"])
def test_sentence_pieces_are_cut_as_before(kind):
    proto = sentence_piece_proto("unigram", kind, SENTENCES, size=45)
    tokenizer = SentencePiece.of(proto, f"{kind}Tokenizer")
    text = "the cat sat on the sun"
    before = tokenizer.encode([text], 64)[0]
    smaller, kept = restricted(tokenizer, before)
    assert is_restrictable(tokenizer)
    assert smaller.vocabulary_size == len(kept) < tokenizer.vocabulary_size
    np.testing.assert_array_equal(kept[smaller.encode([text], 64)[0]], before)
    special = ("start_id", "end_id", "pad_id", "mask_id")
    assert [kept[getattr(smaller, n)] for n in special] == [getattr(tokenizer, n) for n in special]
    other = smaller.encode(["a dog ran in a mat zz"], 64)[0]  # in other, smaller pieces
    assert len(other) > 3 and other.max() < smaller.vocabulary_size
    assert [tokenizer.token(i) for i in kept] == [smaller.token(i) for i in range(len(kept))]


def test_sentence_pieces_that_are_merged_are_refused():
    merged = SimpleNamespace(kind="SomeTokenizer", proto=sentence_piece_proto("bpe"))
    with pytest.raises(UserError, match="no unigram model"):
        restricted(merged, [1])
    assert not is_restrictable(merged)


def test_twice_is_refused():
    with pytest.raises(UserError, match="twice"):
        Vocabulary().check([Vocabulary()])


def work_on(model, tokenizer, texts) -> Work:
    from kerastc.models import compact

    task = SimpleNamespace(
        compact=compact,
        tokenizer=tokenizer,
        preprocessing={"max_tokens": 16},
        splits=SimpleNamespace(train=SimpleNamespace(examples=texts)),
        config=SimpleNamespace(preparation=TextPreparation()),
    )
    return Work(task, model, None)

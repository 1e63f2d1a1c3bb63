"""The tokenizer and the preparation of texts as TensorFlow operations: equal to ours."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from nasty_texts import NASTY

from kerastc.inputs.text.graph import TextGraph, unsupported
from kerastc.text.preparation import TextPreparation
from kerastc.text.preprocessing import Preprocessing
from kerastc.text.vocabularies import WordPiece, byte_pairs

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = "capital short lower few many title the café cafe naive 東 京 カ 가 ß i̇ σ ς [ ] sep . , ' -"  # noqa: RUF001
TITLES = [
    "Trump wins Big Vote, Again",
    "ALL CAPITALS (HERE) 12",
    "the Dog ran To town",
    "'Quoted' Worlds \"And\" more LONG Words",
    "ǅ ΣΊΣΥΦΟΣ. İstanbul ß Straße",
]


def vocabulary() -> list[str]:
    """Words and pieces enough that most characters of the texts become several tokens."""
    found = sorted({c for text in NASTY + TITLES for c in text.lower() if c.isprintable()})
    pieces = [c for c in found if not c.isspace()]
    own = [word for word in WORDS.split() if word not in pieces]
    return [*SPECIAL, *own, *pieces, *(f"##{c}" for c in pieces)]


UNCASED = dict(lowercase=True, strip_accents=True)
ACCENTS = dict(lowercase=True, strip_accents=False, split_on_cjk=False)
CASES = {  # tokenizer, tokens, characters, capitals
    "uncased": (UNCASED, 40, 0, False),
    "capitals": (UNCASED, 40, 0, True),
    "accents kept": (ACCENTS, 40, 0, False),
    "cut capitals": (ACCENTS, 12, 17, True),
}


@pytest.fixture(scope="module")
def made():
    """`made(case)`: ours, and the compiled graph with rows of 24 tokens."""
    cache = {}

    def make(case: str):
        if case not in cache:
            options, tokens, characters, capitals = CASES[case]
            tokenizer = WordPiece(vocabulary(), **options).tokenizer()
            ours = Preprocessing(tokenizer, tokens, characters, TextPreparation(capitals=capitals))
            graph = TextGraph(ours, 24)
            texts = tf.TensorSpec([None], tf.string)
            cache[case] = ours, tf.function(graph.__call__, input_signature=[texts])
        return cache[case]

    return make


def assert_equal(ours: Preprocessing, graph, texts: list[str]) -> None:
    expected = ours.tokenizer.pad(ours.tokens(texts, 24), 24)
    found = graph(tf.constant([text.encode() for text in texts], shape=[len(texts)]))
    for text, row, other in zip(
        texts, found["token_ids"].numpy(), expected["token_ids"], strict=True
    ):
        assert row.tolist() == other.tolist(), repr(text)
    np.testing.assert_array_equal(found["padding_mask"], expected["padding_mask"])


@pytest.mark.parametrize("case", CASES)
def test_ids_are_ours_on_texts_that_tokenizers_disagree_on(made, case):
    assert_equal(*made(case), NASTY + TITLES)


characters = st.one_of(
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from("aA bB.,'-[]\t\n\x1c\x85\u00a0\u3000東京éßİΣσ\ue000\ue001"),  # noqa: RUF001
)
texts = st.lists(st.text(characters, max_size=40), min_size=1, max_size=20)


@pytest.mark.parametrize("case", ["uncased", "cut capitals"])
def test_ids_are_ours_on_any_text(made, case):
    @settings(max_examples=25)
    @given(texts=texts)
    def check(texts):
        assert_equal(*made(case), texts)

    check()


def test_no_text_at_all_is_no_row(made):
    _, graph = made("capitals")
    assert graph(tf.constant([], tf.string))["token_ids"].shape == (0, 24)


def test_bytes_that_are_no_utf8_are_thrown_away(made):
    ours, graph = made("uncased")
    row = graph(tf.constant([b"th\xffe \xe6\x9d"]))["token_ids"].numpy()[0]
    assert row.tolist() == ours.tokenizer.pad(ours.tokens(["the"], 24), 24)["token_ids"][0].tolist()


def test_an_open_length_takes_the_longest_text():
    tokenizer = WordPiece(vocabulary()).tokenizer()
    graph = TextGraph(Preprocessing(tokenizer, 10, 0, TextPreparation()), None)
    assert graph(tf.constant(["the", "the the the"]))["token_ids"].shape == (2, 5)
    assert graph(tf.constant(["the " * 30]))["token_ids"].shape == (1, 10)


@pytest.mark.parametrize(
    ("preparation", "step"),
    [
        (TextPreparation(lowercase=True), "lowercase"),
        (TextPreparation(stop_words=False), "stop_words"),
        (TextPreparation(unicode=True, punctuation=False), "unicode, punctuation"),
    ],
)
def test_a_preparation_that_it_lacks_is_named(preparation, step):
    tokenizer = WordPiece(vocabulary()).tokenizer()
    assert step in unsupported(Preprocessing(tokenizer, 10, 0, preparation))
    assert not unsupported(Preprocessing(tokenizer, 10, 5, TextPreparation(capitals=True)))


def test_another_tokenizer_is_named():
    tokens = {token: i for i, token in enumerate(["<s>", "<pad>", "</s>", "<mask>", "a"])}
    found = unsupported(Preprocessing(byte_pairs(tokens, []), 10, 0, TextPreparation()))
    assert "BPE" in found

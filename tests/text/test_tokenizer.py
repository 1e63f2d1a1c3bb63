"""Texts to tokens, compared with what the `tokenizers` library itself makes of them."""

import json

import numpy as np
import pytest
import tokenizers
from nasty_texts import NASTY
from tiny_presets import WORD_PIECES, byte_pairs

from kerastc.errors import UserError
from kerastc.text.encoded import COLUMNS, Encoded, Row
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.vocabularies import WordPiece


@pytest.fixture(scope="module")
def ours(minilm):
    return Tokenizer.read(minilm)


@pytest.fixture(scope="module")
def library(minilm):
    """The same file, read by the library, which puts special tokens there and cuts by itself."""
    engine = tokenizers.Tokenizer.from_file(str(minilm / "tokenizer.json"))
    engine.no_padding()
    return engine


def assert_row(row: Row, expected: tokenizers.Encoding) -> None:
    assert row.ids.tolist() == expected.ids
    assert row.special.tolist() == [bool(mark) for mark in expected.special_tokens_mask]
    segments = [0] * len(row) if row.segments is None else row.segments.tolist()
    assert segments == expected.type_ids
    if row.offsets is not None:
        assert row.offsets.tolist() == [list(span) for span in expected.offsets]
        assert row.words.tolist() == [-1 if n is None else n for n in expected.word_ids]


@pytest.mark.parametrize("length", [3, 7, 128])
def test_texts_are_encoded_as_the_library_does(ours, library, length):
    library.enable_truncation(length)
    expected = [library.encode(text) for text in NASTY]
    found = ours.encode(NASTY, length, offsets=True, words=True)
    for row, encoding in zip(found, expected, strict=True):
        assert_row(row, encoding)
    assert found.cut.tolist() == [bool(encoding.overflowing) for encoding in expected]
    lean = ours.encode(NASTY, length)
    assert lean.offsets is lean.words is lean.segments is None
    np.testing.assert_array_equal(lean.ids.values, found.ids.values)


@pytest.mark.parametrize("length", [5, 6, 9, 20, 127])
def test_pairs_are_cut_and_framed_as_the_library_does(ours, library, length):
    library.enable_truncation(length)
    for shift in (1, 8, 14):
        second = NASTY[shift:] + NASTY[:shift]
        found = ours.encode(NASTY, length, second, offsets=True, words=True)
        for i, row in enumerate(found):
            expected = library.encode(NASTY[i], second[i])
            assert_row(row, expected)
            assert found.cut[i] == bool(expected.overflowing)


def test_pairs_of_roberta_have_two_marks_between():
    tokenizer = byte_pairs()
    row = tokenizer.encode(["the"], 20, ["cat"])[0]
    assert [tokenizer.token(i) for i in row.ids] == [
        "<s>",
        "the",
        "</s>",
        "</s>",
        "c",
        "at",
        "</s>",
    ]
    assert row.segments is None and row.special.tolist() == [
        True,
        False,
        True,
        True,
        *2 * [False],
        True,
    ]


def test_windows_are_those_of_the_library(ours, library):
    library.enable_truncation(20, stride=5)
    expected = []
    for text in NASTY:
        encoding = library.encode(text)
        expected.append([encoding.ids, *(more.ids for more in encoding.overflowing)])
    found = ours.encode(NASTY, 20, stride=5)
    for number, rows in enumerate(expected):
        assert [row.ids.tolist() for row in found[found.texts == number]] == rows
    assert not found.cut.any()


def test_windows_over_the_second_text_have_the_first_in_each(ours, library):
    library.enable_truncation(24, stride=3, strategy="only_second")
    questions = [text[:12] for text in NASTY]
    found = ours.encode(questions, 24, NASTY, stride=3)
    for number, (question, text) in enumerate(zip(questions, NASTY, strict=True)):
        encoding = library.encode(question, text)
        rows = found[np.flatnonzero(found.texts == number)]
        for row, expected in zip(rows, [encoding, *encoding.overflowing], strict=True):
            assert_row(row, expected)
    with pytest.raises(UserError, match="the least window has 0 tokens"):
        ours.encode(["word " * 4], 7, ["more"], stride=0)
    with pytest.raises(UserError, match="stride=5"):
        ours.encode(["word"], 7, stride=5)


def test_words_that_are_given_keep_their_numbers(ours, library):
    words = ["New", "York's", "cafés", "[SEP]"]
    library.no_truncation()
    expected = library.encode(words, is_pretokenized=True)
    [row] = ours.encode([words], 20, offsets=True, words=True)
    assert_row(row, expected)
    assert row.words.tolist() == [-1, 0, 1, 1, 1, 2, 3, -1]


def test_ids_of_a_sentence_that_every_bert_tutorial_prints(ours):
    assert ours.encode(["Hello world!"], 9).ids[0].tolist() == [101, 7592, 2088, 999, 102]


def test_lone_surrogates_are_dropped_as_unreadable_characters_are(ours):
    # A JSON file may spell one half of a pair.
    assert ours.encode(["a\ud83db"], 9).ids[0].tolist() == ours.encode(["ab"], 9).ids[0].tolist()


def test_more_texts_than_a_chunk_come_back_in_order(ours):
    texts = [f"{i} {i + 1}" for i in range(5000)]
    found = ours.encode(texts, 9, texts[::-1])
    assert len(found) == 5000 and found.texts.tolist() == list(range(5000))
    [expected] = ours.encode(texts[4321:4322], 9, texts[678:679])
    assert found[4321].key() == expected.key() and found[4321].segments.any()


def test_no_texts_are_no_rows(ours):
    for found in (ours.encode([], 9), ours.encode([], 9, []), ours.encode([], 9, stride=2)):
        assert len(found) == 0 and found.ids.values.dtype == np.int32


def test_pad_marks_what_is_padding():
    tokenizer = byte_pairs()
    batch = tokenizer.pad([np.array([0, 7, 2], "int32"), np.array([0, 2], "int32")], length=4)
    assert batch["token_ids"].tolist() == [[0, 7, 2, 1], [0, 2, 1, 1]]
    assert batch["padding_mask"].tolist() == [[1, 1, 1, 0], [1, 1, 0, 0]]
    assert batch["token_ids"].dtype == batch["padding_mask"].dtype == np.int32
    assert "segment_ids" not in batch


def test_pad_gives_segments_to_models_that_have_them(ours):
    found = ours.encode(["a", "a b"], 20, ["c d", "e"])
    for rows in (found, list(found), found[[0, 1]]):
        segments = ours.pad(rows, 7, segments=True)["segment_ids"]
        assert segments.tolist() == [[0, 0, 0, 1, 1, 1, 0], [0, 0, 0, 0, 1, 1, 0]]
    single = ours.pad(ours.encode(["a"], 20), segments=True)
    assert single["segment_ids"].tolist() == [[0, 0, 0]] and single["segment_ids"].dtype == np.int32


@pytest.mark.parametrize(("second", "least"), [(None, 3), (["b"], 5)])
def test_length_without_room_for_a_token_is_refused(ours, second, least):
    with pytest.raises(UserError, match=f"max_length={least - 1}.*\nGive {least}"):
        ours.encode(["a"], least - 1, second)
    assert len(ours.encode(["a"], least, second)[0]) == least


def test_rows_can_be_chosen_and_cut(ours):
    found = ours.encode(["a b c", "d", "e f"], 20, ["x", "y z", "w"])
    chosen = found[[2, 0, 2]]
    assert [row.key() for row in chosen] == [found[i].key() for i in (2, 0, 2)]
    assert found[1:].texts.tolist() == [1, 2]
    first = found.first(4)
    assert [row.tolist() for row in first.ids] == [row.ids[:4].tolist() for row in found]
    assert first.cut.all() and not found.cut.any()
    assert found.first(9) is found


def test_rows_are_packed_with_what_all_of_them_have(ours):
    found = ours.encode(["a b", "c"], 20, ["d", "e"], offsets=True, words=True)
    again = Encoded.of(list(found))
    for name in COLUMNS:
        column, expected = getattr(again, name), getattr(found, name)
        np.testing.assert_array_equal(column.values, expected.values)
        assert column.values.dtype == expected.values.dtype
    mixed = Encoded.of([found[0], np.array([1, 2])])
    assert mixed.special is mixed.offsets is None and mixed.segments[1].tolist() == [0, 0]
    assert len(Encoded.of([])) == 0


def test_rows_of_other_segments_are_not_the_same_to_a_model():
    ids = np.array([1, 2, 3], "int32")
    second = Row(ids, np.array([0, 1, 1], np.uint8))
    assert Row(ids).key() == Row(ids, np.zeros(3, np.uint8)).key() != second.key()
    assert [row.key() for row in Encoded.of([Row(ids), second])] == [Row(ids).key(), second.key()]


def test_the_file_is_kept_as_it_is(ours, minilm, tmp_path):
    ours.save(tmp_path)
    [path] = tmp_path.iterdir()
    assert path.read_bytes() == (minilm / "tokenizer.json").read_bytes()


def test_roles_of_tokens_are_found(ours):
    assert (ours.pad_id, ours.unknown_id, ours.mask_id, ours.vocabulary_size) == (
        0,
        100,
        103,
        30522,
    )
    roberta = byte_pairs()
    assert (roberta.pad_id, roberta.unknown_id) == (1, None)
    assert roberta.token(roberta.mask_id) == "<mask>"
    assert (ours.model, roberta.model) == ("WordPiece", "BPE")
    told = roberta.described()
    bare = Tokenizer(json.dumps(told | {"added_tokens": []}))  # no list of special tokens
    assert (bare.pad_id, bare.mask_id) == (roberta.pad_id, roberta.mask_id)
    told["model"]["vocab"]["Ġcat"] = 900
    assert Tokenizer(json.dumps(told)).vocabulary_size == 901
    del told["model"]["vocab"]["<mask>"]
    assert Tokenizer(json.dumps(told | {"added_tokens": []})).mask_id is None


def test_added_tokens_are_tokens(tmp_path):
    added = [tokenizers.AddedToken("\N{GRINNING FACE}")]
    tokenizer = WordPiece(WORD_PIECES).tokenizer(added)
    assert tokenizer.vocabulary_size == len(WORD_PIECES) + 1
    tokenizer.save(tmp_path)
    row = Tokenizer.read(tmp_path).encode(["cat\N{GRINNING FACE}sat"], 9).ids[0]
    assert [tokenizer.token(i) for i in row[1:-1]] == ["cat", "\N{GRINNING FACE}", "sat"]


def test_a_file_that_drops_pairs_at_random_is_read_without_chance():
    told = byte_pairs().described()
    told["model"]["dropout"] = 0.9
    tokenizer = Tokenizer(json.dumps(told))
    expected = byte_pairs().encode(["the cat"] * 20, 9)
    np.testing.assert_array_equal(
        tokenizer.encode(["the cat"] * 20, 9).ids.values, expected.ids.values
    )


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"class_name": "BertTokenizer"}'])
def test_a_damaged_file_is_told(tmp_path, content):
    with pytest.raises(UserError, match=r"tokenizer\.json is missing"):
        Tokenizer.read(tmp_path)
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(UserError, match=r"tokenizer\.json cannot be read"):
        Tokenizer.read(tmp_path)


def test_a_file_that_contradicts_itself_is_told():
    told = WordPiece(WORD_PIECES).tokenizer().described()
    told["post_processor"]["single"][0]["SpecialToken"]["id"] = "[OTHER]"
    with pytest.raises(UserError, match="it is not a tokenizer"):
        Tokenizer(json.dumps(told))
    told = WordPiece(WORD_PIECES).tokenizer().described()
    told["post_processor"]["pair"][3]["Sequence"]["type_id"] = 1_000_000
    with pytest.raises(UserError, match="it is not a tokenizer"):
        Tokenizer(json.dumps(told))
    told = WordPiece(WORD_PIECES).tokenizer().described()
    told["model"]["unk_token"] = "[OTHER]"
    with pytest.raises(UserError, match="The tokenizer cannot encode a text"):
        Tokenizer(json.dumps(told)).encode(["the unknown"], 9)


def test_texts_in_another_order_are_refused():
    engine = tokenizers.Tokenizer.from_str(json.dumps(byte_pairs().described()))
    engine.post_processor = tokenizers.processors.TemplateProcessing(
        single="$A", pair="$B </s> $A", special_tokens=[("</s>", 2)]
    )
    with pytest.raises(UserError, match="arranges 2 text"):
        Tokenizer(engine.to_str())

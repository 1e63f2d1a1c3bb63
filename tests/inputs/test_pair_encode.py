"""Pairs as a model gets them, against the reference tokenizer's own pairs."""

import numpy as np
import pytest
import tokenizers
from tiny_presets import WORD_PIECES

from kerastc.errors import UserError
from kerastc.inputs.pair.encode import PairInput
from kerastc.tasks import TASKS
from kerastc.text.vocabularies import WordPiece

PAIRS = [
    ("the cat sat on a mat", "the dog ran"),
    ("cat", "the dog ran in the sun and the cat sat on the mat, and sat"),
    ("the dog ran in the sun and the cat sat", "on the mat the dog ran in the sun"),
    ("Café!", "東京"),
]
SETTINGS = {"max_tokens": 12, "max_characters": 0, "preparation": {}, "segments": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("tokenizer")
    WordPiece(WORD_PIECES).tokenizer().save(path)
    return path


@pytest.fixture(scope="module")
def reference(folder):
    engine = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    engine.enable_truncation(SETTINGS["max_tokens"], strategy="longest_first")
    return engine


def test_both_texts_are_in_one_row_as_the_reference_has_them(folder, reference):
    pairs = PairInput.read(SETTINGS, folder)
    rows = pairs.rows(PAIRS)
    arrays = pairs.arrays(rows)
    assert list(arrays) == ["token_ids", "padding_mask", "segment_ids"]
    for number, (row, expected) in enumerate(zip(rows, reference.encode_batch(PAIRS), strict=True)):
        assert row.ids.tolist() == expected.ids
        assert row.segments.tolist() == expected.type_ids
        there = arrays["padding_mask"][number] == 1
        assert arrays["token_ids"][number][there].tolist() == expected.ids
        assert arrays["segment_ids"][number][there].tolist() == expected.type_ids
        assert not arrays["segment_ids"][number][~there].any()
    unseen = pairs.unseen(PAIRS)
    assert unseen.cut.tolist() == [False, True, True, False]
    assert next(unseen.lines()).startswith("2 of 4 pairs")


def test_a_model_without_segments_is_not_told_of_them(folder):
    plain = PairInput.read(SETTINGS | {"segments": False}, folder)
    assert list(plain.arrays(plain.rows(PAIRS))) == ["token_ids", "padding_mask"]
    assert [tensor.name for tensor in plain.tensors(1, 8)] == ["token_ids", "padding_mask"]
    told = PairInput.read(SETTINGS, folder)
    for scheme, name in (("keras", "segment_ids"), ("hugging-face", "token_type_ids")):
        assert told.names[scheme]["segment_ids"] == name
        assert "segment_ids" not in plain.names[scheme]
    assert told.scheme(told.tensors(1)) == told.names["keras"]
    assert plain.scheme(told.tensors(1)) is None


def test_the_probe_has_the_largest_ids_of_both_segments(folder):
    pairs = PairInput.read(SETTINGS, folder)
    arrays = pairs.arrays([pairs.probe()])
    assert set(arrays["segment_ids"].ravel()) == {0, 1}
    assert set(arrays["token_ids"].ravel()) == {len(WORD_PIECES) - 1}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([("a", "b"), ("a", "")], r"pairs\[1\], second text, is empty"),
        ([("a", "b"), (None, "b")], r"pairs\[1\], first text, is None"),
        ([("a", "b", "c")], r"pairs\[0\] is not a pair"),
        (["ab"], r"pairs\[0\] is not a pair"),
        ([3], r"pairs\[0\] is not a pair"),
    ],
)
def test_what_is_no_pair_is_told_by_its_place(folder, given, told):
    with pytest.raises(UserError, match=told):
        PairInput.read(SETTINGS, folder).checked(given)


def test_an_array_of_pairs_is_one(folder):
    array = np.array(PAIRS, object)
    assert PairInput.read(SETTINGS, folder).checked(array) == PAIRS


def test_settings_say_whether_there_are_segments(folder):
    with pytest.raises(UserError, match=r"preprocessing\.segments=None"):
        PairInput.read({**SETTINGS, "segments": None}, folder)


def test_a_pair_is_two_columns_of_predictions():
    task = TASKS["pair-classification"]
    assert (task.unit, task.units, task.columns) == ("pair", "pairs", ("first", "second"))

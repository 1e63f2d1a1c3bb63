"""What compression asks of each input: further examples, and what tells examples from others."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from kerastc.errors import UserError
from kerastc.inputs.image.compression import CompressedImages
from kerastc.inputs.pair.compression import CompressedPairs
from kerastc.inputs.text.compression import CompressedText
from kerastc.training.config import TextClassifierConfig
from kerastc.training.pair_config import PairClassifierConfig
from kerastc.training.teacher import Teaching

PAIRS = np.array([["a rook", "a pawn"], ["salt", "boil it"]], object)


def splits(train, validation) -> SimpleNamespace:
    parts = {"train": train, "validation": validation, "test": validation[:0]}
    return SimpleNamespace(**{name: SimpleNamespace(examples=x) for name, x in parts.items()})


def unread(kind, config):
    """The input of a run without a tokenizer, which is not asked here."""
    shown = kind.__new__(kind)
    shown.given = config
    shown.preprocessing = {"max_tokens": 16, "reading": {"text": ["first", "second"]}}
    return shown


@pytest.fixture
def more(tmp_path):
    file = tmp_path / "more.csv"
    file.write_text('first,second\nA rook!,a PAWN\n"boil it",salt\nsalt,boil it\n')
    return Teaching(unlabelled=str(file))


def test_pairs_of_a_file_are_learnt_but_those_that_validation_has(more):
    shown = unread(CompressedPairs, PairClassifierConfig())
    found = shown.unlabelled(splits(PAIRS[1:], PAIRS[:1]), more)
    assert found.tolist() == [["boil it", "salt"], ["salt", "boil it"]]
    assert shown.unlabelled(splits(PAIRS, PAIRS), Teaching()).shape == (0, 2)


def test_a_file_that_validation_has_all_of_is_refused(more, tmp_path):
    known = np.array([["a rook", "a pawn"], ["boil it", "salt"], ["salt", "boil it"]], object)
    with pytest.raises(UserError, match="has no pair that is not in validation"):
        unread(CompressedPairs, PairClassifierConfig()).unlabelled(splits(PAIRS, known), more)
    file = tmp_path / "more.txt"
    file.write_text("A rook!\n")
    texts = np.array(["a rook"], object)
    with pytest.raises(UserError, match="has no text that is not in validation"):
        unread(CompressedText, TextClassifierConfig()).unlabelled(
            splits(texts, texts), Teaching(unlabelled=str(file))
        )


def test_other_examples_have_other_contents():
    text = unread(CompressedText, TextClassifierConfig())
    assert b"".join(text.content(["ab", "c"])) != b"".join(text.content(["a", "bc"]))
    pair = unread(CompressedPairs, PairClassifierConfig())
    assert b"".join(pair.content([["ab", "c"]])) != b"".join(pair.content([["a", "bc"]]))
    images = unread(CompressedImages, None)
    zeros = np.zeros((2, 2, 3, 1), np.uint8)
    assert b"".join(images.content(zeros)) != b"".join(images.content(zeros.reshape(2, 3, 2, 1)))


@pytest.mark.parametrize("kind", [CompressedText, CompressedPairs, CompressedImages])
def test_what_a_search_begins_with_can_be_written_down(kind):
    assert json.loads(json.dumps(kind.beginnings)) == list(kind.beginnings)
    assert kind.recovery.format(3).startswith("recover:epochs=3")

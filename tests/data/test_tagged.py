"""Tagged sentences from files in columns."""

import numpy as np
import pytest

from kerastc.data.texts.tagged import BEGUN, RENAMED, read_tagged
from kerastc.errors import UserError

CONLL = """-DOCSTART- -X- O

Melbourne NP I-LOC
( Fpa O
New NP I-ORG
York NP I-ORG

Juan NP I-PER
Ana NP B-PER
"""


def tags(data):
    return [[data.classes[tag] for tag in row] for row in data.labels]


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "tagged.txt"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_iob1_becomes_iob2_and_is_counted(written):
    data = read_tagged(written(CONLL))
    assert data.examples.tolist() == ["Melbourne ( New York", "Juan Ana"]
    assert tags(data) == [["B-LOC", "O", "B-ORG", "I-ORG"], ["B-PER", "B-PER"]]
    assert data.classes == ("O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER")
    assert data.notes == {BEGUN: 3}
    assert data.class_counts().tolist() == [1, 1, 0, 1, 1, 2, 0]


def test_bioes_becomes_iob2(written):
    data = read_tagged(written("a B-X\nb I-X\nc E-X\nd S-X\ne O\n\nf S-X\ng S-X\n"))
    assert tags(data) == [["B-X", "I-X", "I-X", "B-X", "O"], ["B-X", "B-X"]]
    assert data.notes == {RENAMED: 4}


def test_another_column_of_tags_and_others_than_entities(written):
    data = read_tagged(written(CONLL.replace("-DOCSTART- -X- O\n\n", "")), tag="2")
    assert data.classes == ("Fpa", "NP") and data.labels[0].tolist() == [1, 0, 1, 1]


def test_rows_keep_their_labels_when_they_are_taken_and_renumbered(written):
    data = read_tagged(written("a B-X\nb O\n\nc O\nd B-X\n\ne O\nf O\n"))
    part = data.take(np.array([1, 2])).matching(("I-X", "O", "B-X"), "a model")
    assert [row.tolist() for row in part.labels] == [[1, 2], [1, 1]]
    assert data.fingerprint != data.take(np.array([0, 2, 1])).fingerprint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a B-X\nb\n", "line 2: 'b' has not a word and a tag"),
        ("a O\nb O\n", "every word has the tag 'O'"),
        ("-DOCSTART- O\n\n", "has no tagged words"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(written, text, message):
    with pytest.raises(UserError, match=message):
        read_tagged(written(text))


def test_a_column_that_is_none_is_refused(written):
    with pytest.raises(UserError, match="line 3: 'Melbourne NP I-LOC' has not a tag in column 5"):
        read_tagged(written(CONLL), tag="5")
    with pytest.raises(UserError, match="tag='word' is no column"):
        read_tagged(written(CONLL), tag="word")

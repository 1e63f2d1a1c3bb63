"""Tagged sentences from files in columns, and the schemes of their tags."""

import gzip

import numpy as np
import pytest

from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tagged import columns, iob
from kerastc.data.tagged.file import read_tagged, read_worded
from kerastc.errors import UserError
from kerastc.outputs.tags.entities import UNKNOWN
from kerastc.outputs.tags.predictions import Tagged
from kerastc.outputs.tags.scores import Tags

CONLL = """-DOCSTART- -X- O

Melbourne NP I-LOC
( Fpa O
New NP I-ORG
York NP I-ORG

Juan NP I-PER
Ana NP B-PER
"""


def tags(data):
    return [" ".join(data.classes[tag] for tag in row) for row in data.labels]


def notes(data):
    """What was settled, with the number of its first line, to the count."""
    found = {}
    for told, count in data.notes.items():
        what, _, place = told.rpartition(" (first: tagged.txt, line ")
        found[what, int(place.removesuffix(")"))] = count
    return found


@pytest.fixture
def written(tmp_path):
    def write(text, name="tagged.txt"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_iob1_becomes_iob2_and_is_counted(written):
    data = read_tagged(written(CONLL))
    assert data.examples.tolist() == ["Melbourne ( New York", "Juan Ana"]
    assert data.examples[0].words == ("Melbourne", "(", "New", "York")
    assert tags(data) == ["B-LOC O B-ORG I-ORG", "B-PER B-PER"]
    assert data.classes == ("O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER")
    assert notes(data) == {(iob.IOB1, 3): 3}
    assert data.class_counts().tolist() == [1, 1, 0, 1, 1, 2, 0]


def test_bioes_becomes_iob2(written):
    data = read_tagged(written("a B-X\nb I-X\nc E-X\nd S-X\ne O\n\nf U-X\ng U-X\n"))
    assert tags(data) == ["B-X I-X I-X B-X O", "B-X B-X"]
    assert notes(data) == {(iob.RENAMED, 3): 4}


@pytest.mark.parametrize(
    ("given", "settled", "expected"),
    [
        ("B-X I-Y I-Y O I-X", "B-X B-Y I-Y O B-X", {(iob.LONE, 2): 2}),
        ("B-X O S-X", "B-X O B-X", {(iob.UNENDED, 2): 1, (iob.RENAMED, 3): 1}),
        ("S-X I-X E-X", "B-X B-X I-X", {(iob.RENAMED, 1): 2, (iob.LONE, 2): 1}),
        ("S-X O B-X I-X", "B-X O B-X I-X", {(iob.RENAMED, 1): 1, (iob.UNENDED, 4): 1}),
        ("O B-X I-X O B-X", "O B-X I-X O B-X", {}),
    ],
)
def test_what_a_scheme_does_not_allow_is_settled_and_counted(written, given, settled, expected):
    data = read_tagged(written("".join(f"w {tag}\n" for tag in given.split())))
    assert tags(data) == [settled]
    assert notes(data) == expected


def test_words_and_tags_of_other_columns(written):
    path = written(CONLL.replace("-DOCSTART- -X- O\n\n", ""))
    data = read_tagged(path, tag="2")
    assert data.classes == ("Fpa", "NP") and data.labels[0].tolist() == [1, 0, 1, 1]
    assert data.reading.label == "2"
    data = read_tagged(path, word="2", tag="1")
    assert data.examples[1] == "NP NP" and data.reading.text == ("2",)
    assert read_tagged(path, usual="2").classes == ("Fpa", "NP")


def test_comments_and_white_space_of_all_kinds(written):
    text = "# id 7\n1\tNew\u00a0York\tB-X\r\n2\t#\tO\r\n \n\n# text = the\n3\tthe\tO\r\n"
    data = read_tagged(written(text), word="2")
    assert data.examples.tolist() == ["NewYork #", "the"]
    assert notes(data) == {(columns.COMMENTS, 1): 2, (columns.SPACED, 2): 1}


def test_rows_keep_their_labels_when_they_are_taken_and_renumbered(written):
    data = read_tagged(written("a B-X\nb O\n\nc O\nd B-X\n\ne O\nf O\n"))
    part = data.take(np.array([1, 2])).matching(("I-X", "O", "B-X"), "a model")
    assert [row.tolist() for row in part.labels] == [[1, 2], [1, 1]]
    assert data.fingerprint != data.take(np.array([0, 2, 1])).fingerprint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\nb\n", "line 1: 'a' has not a word and a tag"),
        ("a B-X\nb\n", "line 2: 'b' has 1 column; the lines before it have 2"),
        ("a O\nNew York B-X\n", "line 2: 'New York B-X' has 3 columns"),
        ("a\tO\n\tO\n", "line 2: ' O' has not a word in column 1"),
        ("a\tO\nb\t\n", "line 2: 'b ' has not a tag in column 2"),
        ("a O\nb O\n", "every word has the tag 'O'"),
        ("-DOCSTART- O\n\n", "has no tagged words"),
        ("a B-\nb NOUN\n", "line 1: 'B-' is no tag of entities, as O and B-PER are"),
        ("a B-X\nb I-X\nc 0\n", "line 3: '0' is no tag of entities, as O and B-X are"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(written, text, message):
    with pytest.raises(UserError, match=message):
        read_tagged(written(text))


def test_a_column_that_is_none_is_refused(written):
    with pytest.raises(UserError, match="line 3: 'Melbourne NP I-LOC' has not a tag in column 5"):
        read_tagged(written(CONLL), tag="5")
    with pytest.raises(UserError, match="'Melbourne NP I-LOC' has not a tag in column 4"):
        read_tagged(written(CONLL), tag="4")
    with pytest.raises(UserError, match="'word' is no column of tags"):
        read_tagged(written(CONLL), tag="word")
    with pytest.raises(UserError, match="'0' is no column of words"):
        read_tagged(written(CONLL), word="0")
    with pytest.raises(UserError, match="column 1 is that of words and tags") as error:
        read_tagged(written(CONLL), tag="1")
    assert "word=1 tag=2" in error.value.hint


def test_the_words_of_a_file_are_read_without_tags(written, tmp_path):
    assert read_worded(written(CONLL))[0].words == ("Melbourne", "(", "New", "York")
    assert read_worded(written("Vive\nen\n\nLima\n")) == ["Vive en", "Lima"]
    assert read_worded(written("Vive\nen\n", "words.conll")) == ["Vive en"]
    for lines in ("Vive\nen\n", "a text\nanother text\n", "a text\nof three words\n\nthe end\n"):
        assert read_worded(written(lines)) is None
    packed = tmp_path / "tagged.conll.gz"
    packed.write_bytes(gzip.compress(CONLL.encode()))
    assert len(read_worded(packed)) == len(read_tagged(packed)) == 2
    assert columns.is_of_columns(PlainFile.at(packed))


def test_a_tag_that_a_model_does_not_know_counts_as_wrong_and_is_told(written, capsys):
    data = read_tagged(written("a B-X\nb I-X\nc O\nd B-Y\ne I-X\n\nf B-X\ng B-X\n"))
    labels = ("O", "B-X", "I-X")
    found = data.matching(labels, "a model")
    assert [row.tolist() for row in found.labels] == [[1, 2, 0, UNKNOWN, 1], [1, 1]]
    told = (
        "1 of 6 tagged words have a tag that a model does not know and are counted as wrong: B-Y\n"
    )
    assert told in capsys.readouterr().err
    tags = [np.array([1, 2, 0, 1, 1]), np.array([1, 1])]
    answers = [Tagged(row, np.ones(len(row)), np.eye(3)[row]) for row in tags]
    metrics = Tags(labels).metrics(found.labels, answers)
    assert metrics["accuracy"] == 6 / 7
    assert metrics["f1"] == 2 * 4 / (5 + 5)
    assert metrics["per_type"]["?"]["support"] == 1 and metrics["per_type"]["?"]["f1"] == 0
    with pytest.raises(UserError, match="has tags that a model does not know: B-X, B-Y, I-X"):
        data.matching(("O", "B-Z", "I-Z"), "a model")

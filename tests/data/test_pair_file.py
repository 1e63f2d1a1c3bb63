import gzip
import json

import pytest

from kerastc.data import read_pairs
from kerastc.data.pairs.file import unlabelled_pairs
from kerastc.data.tables.reading import Reading
from kerastc.errors import UserError

XNLI = (
    "language\tgold_label\tsentence1\tsentence2\tpairID\n"
    "es\tneutral\tY él dijo: Mamá.\tLlamó  a su madre.\t1\n"
    "es\tentailment\tY él dijo: Mamá.\tHabló.\t2\n"
    "de\tneutral\tUnd er sagte: Mama.\tEr rief sie an.\t1\n"
    "es\t-\tNo.\tSí.\t3\n"
)
PAWS = "El Consejo nació.\tSe formó el Consejo.\t1\nUno y dos.\tDos y uno.\t0\n"


@pytest.fixture
def write(tmp_path):
    def written(content: str, name: str = "pairs.tsv"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return written


def rows(data):
    return [(*pair, data.classes[i]) for pair, i in zip(data.examples, data.labels, strict=True)]


def test_the_layout_of_xnli_is_guessed_and_one_language_taken(write):
    data = read_pairs(write(XNLI), language="ES")
    assert rows(data) == [
        ("Y él dijo: Mamá.", "Llamó a su madre.", "neutral"),
        ("Y él dijo: Mamá.", "Habló.", "entailment"),
    ]
    assert data.reading.text == ("sentence1", "sentence2") and data.reading.label == "gold_label"
    assert data.reading.as_dict()["language"] == "ES"
    assert list(data.notes.values()) == [1, 1]  # no agreement; another language
    assert data.source == (
        "pairs.tsv: pairs of sentence1 and sentence2 (guessed), classes from gold_label (guessed), "
        "language ES"
    )


def test_several_languages_want_a_word(write):
    path = write(XNLI)
    with pytest.raises(UserError, match="2 languages: de, es") as refused:
        read_pairs(path)
    assert "language=all" in refused.value.hint
    assert len(read_pairs(path, language="all")) == 3
    with pytest.raises(UserError, match="no row is of the language 'fr'"):
        read_pairs(path, language="fr")


def test_a_file_of_one_language_is_taken_whole_and_says_so(write):
    path = write("first\tsecond\tlabel\na\tb\tc\nd\te\tf\n")
    found = read_pairs(path, language="fr")
    assert len(found) == 2
    assert found.notes == {"rows taken as fr, since no column tells their language": 2}
    assert not read_pairs(path, language="all").notes


def test_the_layout_of_pawsx_is_read_with_and_without_its_header(write):
    found = read_pairs(write(PAWS))
    assert rows(found) == [
        ("El Consejo nació.", "Se formó el Consejo.", "1"),
        ("Uno y dos.", "Dos y uno.", "0"),
    ]
    assert not found.reading.header and "no header (guessed)" in found.source
    lines = PAWS.splitlines()
    headed = ["id\tsentence1\tsentence2\tlabel", *(f"{i}\t{line}" for i, line in enumerate(lines))]
    assert rows(read_pairs(write("\n".join(headed), "headed.tsv"))) == rows(found)


def test_columns_are_named_in_tables_of_other_kinds(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    made = [{"q": "What?", "a": "That.", "ok": True}, {"q": "Who?", "a": " She\n", "ok": False}]
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, made)).encode()))
    data = read_pairs(path, "q", "a", "ok")
    assert rows(data) == [("What?", "That.", "true"), ("Who?", "She", "false")]
    pairs, told = unlabelled_pairs(path, Reading(("q", "a")))
    assert pairs.tolist() == [["What?", "That."], ["Who?", "She"]] and told == "columns q, a"


@pytest.mark.parametrize(
    ("options", "told", "hint"),
    [
        ({"first": "premise"}, "second= is missing", "a pair|'premise', 'text', 'label'"),
        ({"first": "text", "second": "text"}, "cannot be both texts", ""),
        ({"first": "premise", "second": "txt"}, r"no column 'txt' \(second\)", "second=text"),
        ({}, "no two columns have usual names", "Set first= and second="),
        ({"first": "premise", "second": "text", "label": "text"}, "both text and label", ""),
    ],
)
def test_wrong_columns_are_told(write, options, told, hint):
    path = write("premise\ttext\tlabel\na\tb\tx\nc\td\ty\n")
    with pytest.raises(UserError, match=told) as refused:
        read_pairs(path, **options)
    assert any(part in (refused.value.hint or "") for part in hint.split("|"))


def test_rows_that_lack_a_part_are_told_with_their_lines(write):
    for row, told in (
        ("a\t \tx", "column 'sentence2': an empty second text in line 3"),
        ("\tb\tx", "column 'sentence1': an empty first text in line 3"),
        ("a\tb\tnull", "column 'label': an empty label in line 3"),
    ):
        path = write(f"sentence1\tsentence2\tlabel\nc\td\ty\n{row}\n")
        with pytest.raises(UserError, match=told):
            read_pairs(path)
    with pytest.raises(UserError, match="every row has the class"):
        read_pairs(write("sentence1\tsentence2\tlabel\nc\td\ty\n"))


def test_the_fingerprint_tells_the_sides_apart(write):
    head = "sentence1\tsentence2\tlabel\n"
    prints = {
        read_pairs(write(head + body)).fingerprint
        for body in ("a\tb\tx\nc\td\ty\n", "b\ta\tx\nc\td\ty\n", "a\tb\ty\nc\td\tx\n")
    }
    assert len(prints) == 3

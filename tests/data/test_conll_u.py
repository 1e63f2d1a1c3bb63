"""Treebanks of Universal Dependencies: words, their texts, what they are tagged with."""

import re

import pytest

from kerastc.data.tagged import conll_u
from kerastc.data.tagged.file import read_tagged, read_worded
from kerastc.errors import UserError

# The words, multiword token, empty node and text are as in the guide of the format.
SENTENCES = """# sent_id = 1
# text = Al mar, vámonos.
1-2\tAl\t_\t_\t_\t_\t_\t_\t_\t_
1\ta\ta\tADP\tE\t_\t3\tcase\t_\t_
2\tel\tel\tDET\tD\tNumber=Sing|Gender=Masc\t3\tdet\t_\t_
3\tmar\tmar\tNOUN\tN\tNumber=Sing\t4\tobl\t_\tSpaceAfter=No
4\t,\t,\tPUNCT\tF\t_\t5\tpunct\t_\t_
5-6\tvámonos\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
5\tvamos\tir\tVERB\tV\tNumber=Plur\t0\troot\t_\t_
6\tnos\tnosotros\tPRON\tP\tNumber=Plur\t5\tobj\t_\t_
6.1\tmar\tmar\tNOUN\tN\t_\t_\t_\t_\t_
7\t.\t.\tPUNCT\tF\t_\t5\tpunct\t_\t_

# text = Son 10 000
1\tSon\tser\tAUX\tV\tNumber=Plur\t0\troot\t_\t_
2\t10 000\t10\tNUM\t_\tNumber=Plur\t1\tobl\t_\t_
"""


@pytest.fixture
def written(tmp_path):
    def write(text=SENTENCES, name="tree.conllu"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def tags(data):
    return [" ".join(data.classes[tag] for tag in row) for row in data.labels]


def test_the_words_of_multiword_tokens_are_tagged_and_stand_in_the_text_as_it_was(written):
    data = read_tagged(written())
    assert data.examples.tolist() == ["Al mar, vámonos.", "Son 10 000"]
    text = data.examples[0]
    assert text.words == ("a", "el", "mar", ",", "vamos", "nos", ".")
    shown = [text[begin:end] for begin, end in text.spans]
    assert shown == ["Al", "Al", "mar", ",", "vámonos", "vámonos", "."]
    assert data.examples[1].words == ("Son", "10000")
    assert tags(data) == ["ADP DET NOUN PUNCT VERB PRON PUNCT", "AUX NUM"]
    assert data.notes == {
        f"{conll_u.PARTS} (first: tree.conllu, line 3)": 4,
        f"{conll_u.EMPTY_NODES} (first: tree.conllu, line 11)": 1,
        f"{conll_u.SPACED} (first: tree.conllu, line 16)": 1,
    }
    assert data.reading.label == "upos"


def test_other_tags_than_the_universal_ones(written):
    data = read_tagged(written(name="tree.txt"), tag="xpos")
    assert tags(data) == ["E D N F V P F", "V _"]
    assert data.notes[f"{conll_u.UNTAGGED} (first: tree.txt, line 16)"] == 1
    assert tags(read_tagged(written(), tag="Number"))[0] == "_ Sing Sing _ Plur Plur _"


def test_a_text_that_its_words_do_not_have_and_a_sentence_without_words(written):
    text = SENTENCES.replace("# text = Son 10 000", "# text = Son diez mil") + "\n# a note\n\n"
    data = read_tagged(written(text))
    assert len(data) == 2
    assert data.notes[f"{conll_u.OTHER_TEXT} (first: tree.conllu, line 14)"] == 1
    assert data.notes[f"{conll_u.NO_WORD} (first: tree.conllu, line 18)"] == 1


def test_the_words_are_read_without_tags(written):
    assert [text.words[0] for text in read_worded(written())] == ["a", "Son"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\tE\t_\t3\tcase", "\t3\tcase", "line 4: 8 columns, separated by tabs, where CoNLL-U has"),
        ("\tADP\tE\t", "\tADP\t\t", "line 4: column 5 is empty, where _ stands for none"),
        ("\n3\tmar", "\n4\tmar", "line 6: the number 4 is out of order"),
        ("\n3\tmar", "\nx\tmar", "line 6: a token with the number 'x'"),
        ("1-2\tAl", "2-1\tAl", "line 3: a token with the number '2-1'"),
        ("1-2\tAl", "1-5\tAl", "line 8: the number 5-6 is out of order"),
        ("5-6\tv", "5-9\tv", "line 12: word 8 of a multiword token is missing"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(written, old, new, message):
    with pytest.raises(UserError, match=message):
        read_tagged(written(SENTENCES.replace(old, new)))


def test_names_of_tags_that_are_none_are_refused(written):
    with pytest.raises(UserError, match="no word has a value of 'Numbr'") as error:
        read_tagged(written(), tag="Numbr")
    assert "upos, xpos or a feature: Gender, Number. Did you mean 'Number'?" in error.value.hint
    without = re.sub(r"\t[EDNFVP]\t", "\t_\t", SENTENCES)
    with pytest.raises(UserError, match="no word has a value of 'xpos'") as error:
        read_tagged(written(without), tag="xpos")
    assert "Did you mean 'xpos'" not in error.value.hint
    with pytest.raises(UserError, match="is CoNLL-U: 2 is not what it calls tags"):
        read_tagged(written(), tag="2")

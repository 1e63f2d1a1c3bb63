"""Files of pairs that a user gives to a model."""

import pytest

from kerastc.errors import UserError
from kerastc.inputs.pair.read import PairReader
from kerastc.inputs.text.read import TextReader

FORM = dict(encoding="", delimiter="", header=None, sheet="")


def test_columns_that_are_not_there_are_named_by_the_option_of_the_commands(tmp_path):
    reader = PairReader({"reading": {"text": ["premise", "hypothesis"], "label": "label"}})
    path = tmp_path / "others.csv"
    path.write_text("text,label\na,b\n")
    for read in (
        lambda: reader.named([], path, "", tmp_path, **FORM),
        lambda: reader.labelled(path, "", "", **FORM),
    ):
        with pytest.raises(UserError, match="no column 'premise'") as error:
            read()
        assert error.value.hint.endswith("Name both: --text FIRST+SECOND")
        assert "first=" not in error.value.hint


@pytest.mark.parametrize("kind", [PairReader, TextReader])
def test_columns_of_no_file_are_refused(kind, tmp_path):
    with pytest.raises(UserError, match=r"--text a\+b names a column of a file"):
        kind({}).named(["one", "two"], None, "a+b", tmp_path, **FORM)

"""Which runs belong to an account, wherever they lie and whatever was edited."""

import json
import shutil

import pytest
from fake_run import compress_fake_run, write_json

from kerastc.errors import UserError
from kerastc.report.account.lineage import ancestors, descendants, family


def bare_run(folder, **config):
    """A run as its config.json alone tells of it."""
    folder.mkdir(parents=True)
    write_json(folder / "config.json", {"recipe": "text", **config})
    return folder.resolve()


def child(parent, folder, **origin):
    return bare_run(folder, parent={"run": str(parent), **origin}, steps=["prune:0.5"])


@pytest.fixture
def line(tmp_path):
    """An original, a child, and the child's child."""
    original = bare_run(tmp_path / "text" / "a")
    first = child(original, original / "compressed" / "first")
    return original, first, child(first, first / "compressed" / "second")


def test_ancestors_end_with_the_original(line):
    original, first, second = line
    assert ancestors(second) == [first, original]
    assert ancestors(original) == []


def test_descendants_are_found_in_the_run_beside_it_and_in_other_recipes(line, tmp_path):
    original, first, second = line
    beside = child(original, tmp_path / "text" / "beside")
    elsewhere = child(beside, tmp_path / "small" / "elsewhere")
    child(bare_run(tmp_path / "text" / "other"), tmp_path / "text" / "others-child")
    assert set(descendants(original)) == {first, second, beside, elsewhere}
    assert descendants(first) == [second]


def test_parents_come_before_their_children(line):
    original, first, second = line
    assert descendants(original) == [first, second]


def test_a_child_of_training_is_no_descendant(line, tmp_path):
    trained = child(line[0], tmp_path / "text" / "b", checkpoint="step-1.npz", step=1)
    assert trained not in descendants(line[0])
    assert family([line[0], trained]) is None


def test_a_copied_line_belongs_to_the_copy(line, tmp_path):
    copy = shutil.copytree(line[0], tmp_path / "elsewhere" / "copy").resolve()
    names = ("compressed/first", "compressed/first/compressed/second")
    assert descendants(copy) == [copy / name for name in names]
    assert set(line).isdisjoint(family([copy]))


def test_one_run_alone_brings_its_descendants_and_its_original(line):
    original, first, second = line
    assert family([original]) == [original, first, second]
    assert family([first]) == [original, first, second]
    assert family([second]) == [original, second]


def test_of_several_runs_only_those_given_and_the_original_count(line):
    original, _, second = line
    third = child(original, original / "compressed" / "third")
    assert family([third, second, third]) == [original, third, second]


def test_runs_that_have_nothing_in_common_are_no_family(line, tmp_path):
    plain = bare_run(tmp_path / "text" / "plain")
    assert family([plain]) is None
    assert family([line[1], plain]) is None


def test_a_child_whose_parent_is_gone_stands_for_itself(tmp_path):
    orphan = child(tmp_path / "gone", tmp_path / "text" / "orphan")
    assert ancestors(orphan) == []


def test_a_circle_is_an_error_that_names_the_file(line):
    original, first, _ = line
    config = json.loads((original / "config.json").read_text())
    write_json(original / "config.json", config | {"parent": {"run": str(first)}})
    for folder in line:
        with pytest.raises(UserError, match="own ancestor") as error:
            family([folder])
        assert "config.json" in error.value.message


def test_a_circle_elsewhere_and_foreign_files_disturb_nothing(line, tmp_path):
    one = child(tmp_path / "text" / "two", tmp_path / "text" / "one")
    child(one, tmp_path / "text" / "two")
    (tmp_path / "text" / "model").mkdir()
    (tmp_path / "text" / "model" / "config.json").write_text("[1, 2")
    assert descendants(line[0]) == list(line[1:])


def test_a_run_that_kerastc_compressed_is_found(make_run):
    run = make_run("headlines/x", rows=30, epochs=2)
    small = compress_fake_run(run, "small", ["vocabulary"])
    assert family([run]) == [run.resolve(), small.resolve()]

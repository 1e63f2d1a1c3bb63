"""What is in tagged texts: counted by hand, on a terminal, on a page, as JSON."""

import json
import re

import pytest
from click.testing import CliRunner

from kerastc.cli import main

WORDS = """Ana B-PER
vive O
en O
Nueva B-LOC
York I-LOC

Nueva O
casa O

Nueva B-LOC
casa O

Nueva O
York O
<script> B-LOC
"""


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    path = tmp_path_factory.mktemp("tagged") / "names.conll"
    path.write_text(WORDS, encoding="utf-8")
    return path


def described(*words):
    done = CliRunner().invoke(main, ["data", "describe", *map(str, words)])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_everything_is_counted(tagged):
    found = json.loads(described(tagged, "--json"))
    assert (found["rows"], found["words"], found["different"]) == (4, 12, 7)
    assert found["tags"] == {"O": 7, "B-LOC": 3, "I-LOC": 1, "B-PER": 1, "I-PER": 0}
    place = found["entities"]["LOC"]
    assert (place["count"], place["different"], place["words"]) == (3, 3, pytest.approx(4 / 3))
    assert found["without"] == 1
    several = found["several"]
    assert (several["different"], several["occurrences"], several["disagreeing"]) == (2, 6, 3)
    assert several["examples"][0] == ["Nueva", {"B-LOC": 2, "O": 2}]
    assert (found["repeated"], found["conflicting"]) == (1, 2)
    assert (found["lengths"]["shortest"], found["lengths"]["longest"]) == (2, 5)


def test_a_terminal_and_a_page_tell_it(tagged, tmp_path):
    page = tmp_path / "names.html"
    told = described(tagged, "--tag", "2", "--html", page)
    assert "Entities; 1 of 4 sentences have none" in told
    assert re.search(r"LOC +3 +3 +1\.33", told) and "Nueva: B-LOC 2, O 2" in told
    html = page.read_text(encoding="utf-8")
    assert "<script> " not in html and "&lt;script&gt;</bdi> 1" in html
    assert 'id="entities"' in html and "25.00 %" in html  # 3 of 12 words


def test_spans_of_characters_are_named(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "Ana vive en Lima.", "label": [[0, 3, "PER"]]}\n', encoding="utf-8")
    found = json.loads(described(path, "--tag", "label", "--json"))
    assert (found["words"], found["entities"]["PER"]["count"]) == (5, 1)


def test_tags_that_are_of_no_entities(tmp_path):
    path, page = tmp_path / "pos.conll", tmp_path / "pos.html"
    path.write_text("el DET\nsol NOUN\n\nsale VERB\n", encoding="utf-8")
    told = described(path, "--tag", "last", "--html", page)
    assert "3 words with 3 tags" in told and "Entities" not in told
    assert 'id="entities"' not in page.read_text(encoding="utf-8")

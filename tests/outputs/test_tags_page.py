"""The page of a run of tags, from a folder: figures, errors, marked sentences, nothing but data."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from kerastc.outputs.tags.predictions import Tagged
from kerastc.outputs.tags.scores import Tags
from kerastc.report import write_report

LABELS = ("O", "B-LOC", "I-LOC", "B-<b>", "I-<b>")
SCRIPT = "<script>alert(1)</script>"


def tagged(labels, tags, sure=0.9):
    found = np.array([labels.index(tag) for tag in tags.split()], np.int64)
    p = np.full((len(found), len(labels)), (1 - sure) / (len(labels) - 1))
    p[np.arange(len(found)), found] = sure
    return Tagged(found, p.max(axis=1), p)


def written(folder: Path, labels, rows) -> tuple[str, dict]:
    """The page of a run with these texts and their true and predicted tags; and its metrics."""
    output = Tags(labels)
    texts, truth, said = zip(*rows, strict=True)
    truth = [tagged(labels, tags).tags for tags in truth]
    said = [tagged(labels, tags) for tags in said]
    metrics = output.metrics(truth, said)
    metrics["unseen_words"] = {"words": 3, "accuracy": 2 / 3, "interval": [0.25, 1.0]}
    counts = np.bincount(np.concatenate(truth), minlength=len(labels)).tolist()
    files = {
        "config.json": {"recipe": "ner", "command": "kerastc train ner", "config": {}},
        "preprocessing.json": {"task": "token-classification"},
        "data.json": {
            "source": "made up", "fingerprint": "53aa", "classes": list(labels),
            "splits": {"train": {"rows": len(texts), "counts": counts}},
            "duplicates": {"exact": 1, "examples": [{"texts": ["a b"], "classes": []}]},
        },
        "metrics.json": {"training": {}, "test": metrics},
    }  # fmt: skip
    (folder / "predictions").mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    (folder / "labels.txt").write_text("\n".join(labels) + "\n", encoding="utf-8")
    output.write_predictions(folder / "predictions" / "test.csv", ["text"], texts, truth, said)
    return write_report(folder).read_text(encoding="utf-8"), metrics


def words_of(html: str) -> str:
    """What a reader sees, on one line."""
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL).split())


def section(page: str, anchor: str) -> str:
    return page.split(f'<h2 id="{anchor}">')[1].split("<h2 ")[0]


@pytest.fixture(scope="module")
def entities(tmp_path_factory):
    rows = [
        ("En Nueva York , ayer", "O B-LOC I-LOC O O", "O B-LOC O O O"),
        ("Hay Lima aquí", "O B-LOC O", "O B-LOC O"),
        (f"{SCRIPT} es \x1b[2J", "B-<b> O O", "B-LOC O O"),
        ("ירושלים היא עיר", "B-LOC O O", "O O O"),
    ]
    return written(tmp_path_factory.mktemp("runs") / "ner", LABELS, rows)


def test_each_type_has_its_figures_and_intervals(entities):
    page, metrics = entities
    of, ends = metrics["per_type"]["LOC"], metrics["intervals"]["per_type"]["LOC"]
    table = words_of(section(page, "types"))
    assert (of["precision"], of["recall"], of["support"]) == (1 / 3, 1 / 3, 3)
    f1 = f"{of['f1']:.3f} {ends['f1'][0]:.3f} to {ends['f1'][1]:.3f}"
    assert '<th scope="row">Recall</th>' in page
    assert f1 in table and "LOC 0.333" in table
    assert "2 types of entities · 14 test words" in words_of(page)
    assert "Of the 14 test words 3 are in no training sentence. Of these 66.7 % have" in table


def test_errors_are_told_by_kind_and_sum_to_all(entities):
    told = words_of(section(entities[0], "kinds"))
    for line in ("Wrong type The right words, of another type. 1 1 1", "All errors 3 3 2",
                 "Right 1 1", "All entities 4 3"):  # fmt: skip
        assert line in told
    assert "&lt;b&gt; LOC 1 100.0 %" in words_of(section(entities[0], "confused"))


def test_sentences_show_what_is_right_and_what_is_wrong_in_words(entities):
    page, _ = entities
    worst = section(page, "worst")
    assert "true Nueva York LOC predicted Nueva LOC York" in words_of(worst)
    assert "true LOC · predicted nothing" in words_of(worst)
    assert "Lima" not in worst  # no error there
    assert worst.count('<p class="marked" dir="auto">') == 3
    assert not re.search(r"<small>(true|predicted)", page)  # it would turn the Hebrew round


def test_words_and_labels_are_data(entities):
    page, _ = entities
    assert SCRIPT not in page and "<b>LOC" not in page and "<bdi><b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "\x1b" not in page
    assert "\\u001b[2J" in page


def test_nothing_is_said_of_classes(entities):
    words = re.sub(r"<script>.*", "", words_of(entities[0]), flags=re.DOTALL)
    assert not re.findall(r"\b[Cc]lass(es)?\b|[Ll]abel noise", words)
    assert "Duplicates" in words and "SHA-256 over tags, texts" in words


def test_of_sixty_tags_the_extremes_and_the_most_confused_are_shown(tmp_path):
    labels = tuple(f"T{n:02}" for n in range(60))
    random = np.random.default_rng(0)
    rows = []
    for _ in range(40):
        true = random.integers(0, 60, 12)
        said = np.where(random.random(12) < 0.8, true, 3)
        tags = (" ".join(labels[tag] for tag in part) for part in (true, said))
        rows.append((" ".join(f"w{tag}" for tag in true), *tags))
    page, metrics = written(tmp_path / "pos", labels, rows)
    assert 'id="kinds"' not in page and "All 60 tags, the highest F1 first" in page
    count = max(
        (sum(a == b and c == "T03" for _, t, s in rows
             for a, c in zip(t.split(), s.split(), strict=True)), b)
        for b in labels if b != "T03"
    )[0]  # fmt: skip
    first = re.search(r"T\d\d T03 (\d+) ", words_of(section(page, "confused")))
    assert int(first[1]) == count
    assert "<mark" not in page and "true T" in words_of(section(page, "worst"))
    assert f"All {metrics['f1']:.3f}" not in page  # precision, with its interval, is first
    assert "Words of each tag in each part" in page
    assert '<th scope="row">Recall</th>' not in page
    assert "<dt>Test F1" not in page and "unseen words: 0.667" in page


def test_a_model_without_errors_has_a_page(tmp_path):
    page, _ = written(tmp_path / "two", ("A", "B"), [("a b", "A B", "A B")])
    assert page.count("The model made no error on the test part.") == 2
    assert "No tag is taken for another." in page

"""Texts with spans of characters, as tools export them, to words with tags."""

import json

import pytest

from kerastc.data.tagged import character_spans, span_records
from kerastc.data.tagged.file import read_tagged, read_worded
from kerastc.errors import UserError

TEXT = "Ana vive en Lima."
SPANS = [[0, 3, "PER"], [12, 16, "LOC"]]
REGIONS = [{"start": b, "end": e, "text": TEXT[b:e], "labels": [name]} for b, e, name in SPANS]
RESULT = [{"id": "x", "type": "labels", "from_name": "label", "value": v} for v in REGIONS]
DONE, CANCELLED = {"result": RESULT, "was_cancelled": False}, {"result": [], "was_cancelled": True}
OFFSETS = [{"id": 1, "label": n, "start_offset": b, "end_offset": e} for b, e, n in SPANS]
LAYOUTS = {
    "plain": [{"text": TEXT, "spans": SPANS}],
    "Doccano": [{"id": 1, "text": TEXT, "label": SPANS, "Comments": []}],
    "older Doccano": [{"text": TEXT, "labels": SPANS, "annotation_approver": None}],
    "Doccano with relations": [{"text": TEXT, "entities": OFFSETS, "relations": []}],
    "Label Studio, JSON-MIN": [{"text": TEXT, "id": 1, "label": REGIONS, "annotator": 1}],
    "Label Studio": [{"id": 1, "data": {"text": TEXT}, "annotations": [CANCELLED, DONE]}],
}


@pytest.fixture
def written(tmp_path):
    def write(rows, name="spans.jsonl"):
        path = tmp_path / name
        lines = rows if isinstance(rows, str) else "\n".join(map(json.dumps, rows))
        path.write_text(lines, encoding="utf-8")
        return path

    return write


def tags(data):
    return [" ".join(data.classes[tag] for tag in row) for row in data.labels]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layouts_of_tools(written, layout):
    rows = LAYOUTS[layout]
    array = json.dumps(rows, indent=1)
    for path in (written(rows), written(array, "spans.json"), written(rows, "spans.txt")):
        data = read_tagged(path)
        assert data.examples.tolist() == [TEXT]
        assert data.examples[0].words == ("Ana", "vive", "en", "Lima", ".")
        assert tags(data) == ["B-PER O O B-LOC O"]
        assert data.notes == {}


@pytest.mark.parametrize(
    ("spans", "expected", "note"),
    [
        ([[0, 2, "PER"]], "B-PER O O O O", character_spans.CUT),
        ([[1, 8, "PER"]], "B-PER I-PER O O O", character_spans.CUT),
        ([[0, 4, "PER"]], "B-PER O O O O", None),  # a space at its end
        ([[0, 3, "PER"], [0, 8, "ORG"]], "B-ORG I-ORG O O O", character_spans.OVERLAPPING),
        ([[0, 3, "PER"], [0, 3, "ORG"]], "B-PER O O O O", character_spans.OVERLAPPING),
        ([[0, 3, "PER"], [12, 18, "LOC"]], "B-PER O O O O", character_spans.OUT),
        ([[0, 3, "PER"], [-4, -1, "LOC"]], "B-PER O O O O", character_spans.OUT),
        ([[0, 3, "PER"], [4, 4, "LOC"]], "B-PER O O O O", character_spans.EMPTY),
        ([[0, 3, "PER"], [3, 4, "LOC"]], "B-PER O O O O", character_spans.NO_WORDS),
        ([[0, 3, "Given name"]], "B-Given_name O O O O", None),
    ],
)
def test_spans_that_are_no_words_are_settled_and_counted(written, spans, expected, note):
    data = read_tagged(written([{"text": TEXT, "spans": spans}]))
    assert tags(data) == [expected]
    assert data.notes == ({f"{note} (first: spans.jsonl, line 1)": 1} if note else {})


def test_texts_without_words_spans_or_annotations_are_counted(written):
    rows = [{"text": " ", "spans": []}, {"text": TEXT}, {"text": TEXT, "spans": SPANS}]
    data = read_tagged(written(rows))
    assert tags(data) == ["O O O O O", "B-PER O O B-LOC O"]
    assert data.notes == {
        f"{character_spans.NO_WORD} (first: spans.jsonl, line 1)": 1,
        f"{span_records.NO_SPANS} (first: spans.jsonl, line 2)": 1,
    }
    [task] = LAYOUTS["Label Studio"]
    no_span = {"type": "choices", "value": {"choices": ["news"]}}
    more = {"result": [*RESULT, no_span], "was_cancelled": False}
    rows = [task, task | {"annotations": []}, task | {"annotations": [more, DONE]}]
    data = read_tagged(written(json.dumps(rows), "spans.json"))
    assert len(data) == 2
    assert data.notes == {
        f"{span_records.UNANNOTATED} (first: spans.json, row 2)": 1,
        f"{span_records.FURTHER} (first: spans.json, row 3)": 1,
        f"{span_records.NO_SPAN} (first: spans.json, row 3)": 1,
    }


def test_offsets_in_utf16_units_are_known_by_the_text_that_is_marked(written):
    region = {"start": 3, "end": 7, "text": "Lima", "labels": ["LOC", "CITY"]}  # as browsers count
    data = read_tagged(written([{"text": "🌍 Lima 🌍", "label": [region]}]))
    assert tags(data) == ["O B-LOC O"]
    assert data.notes == {
        f"{span_records.FURTHER_LABELS} (first: spans.jsonl, line 1)": 1,
        f"{span_records.UTF16} (first: spans.jsonl, line 1)": 1,
    }


def test_keys_of_other_names(written):
    rows = [{"body": TEXT, "title": "a", "marks": SPANS}]
    assert tags(read_tagged(written(rows), tag="marks", word="body")) == ["B-PER O O B-LOC O"]
    with pytest.raises(
        UserError, match=r"line 1: there is no text 'text'\. It has 'body', 'title'"
    ):
        read_tagged(written(rows), tag="marks")
    with pytest.raises(UserError, match="no object of the file has spans: spans, label, labels"):
        read_tagged(written(rows), word="body")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "a", "spans": [[0, 1]]}', r"line 2: \[0, 1\] is no span"),
        ('{"text": "a", "spans": [[0, "1", "X"]]}', "line 2: .* is no span"),
        ('{"text": "a", "spans": [[0, 1, " "]]}', "line 2: the span 0, 1 has no label"),
        ('{"text": "a", "spans": "X"}', "line 2: the spans are 'X', not a list"),
        ('{"text": 3, "spans": []}', "line 2: 'text' is '3', not a text"),
        ('{"text": "a", "spans": [], "spans": []}', "line 2: the key 'spans' is there twice"),
        ("[1]", "line 2: .* is not one whole JSON object"),
        ('{"text": "a"', "line 2: not valid JSON"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(written, line, message):
    with pytest.raises(UserError, match=message):
        read_tagged(written(json.dumps(LAYOUTS["plain"][0]) + "\n" + line))
    with pytest.raises(UserError, match="row 1: '3' is no object"):
        read_tagged(written("[3]", "spans.json"))


def test_the_texts_of_tasks_are_read_without_annotations(written):
    task = {"data": {"text": TEXT}}
    assert read_worded(written(json.dumps([task]), "tasks.json")) == [TEXT]
    assert read_worded(written(LAYOUTS["plain"])) is None  # a table has them, too

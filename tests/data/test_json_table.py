"""JSON files: arrays of objects, and objects that can only be meant as a table."""

import gzip
import json

import pytest

from kerastc.data.cleaning.cleaning import clean
from kerastc.data.texts.text_file import read_texts
from kerastc.errors import UserError

ROWS = [{"text": "an oil price", "label": "business"}, {"text": "a cup final", "label": "sport"}]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}


@pytest.fixture
def write(tmp_path):
    def write(content: object, name: str = "a.json"):
        path = tmp_path / name
        text = content if isinstance(content, str) else json.dumps(content)
        data = text.encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


def pairs(data):
    return [(t, data.classes[i]) for t, i in zip(data.examples, data.labels, strict=True)]


TABLES = {
    "array": json.dumps(ROWS),
    "over lines": json.dumps(ROWS, indent=2),
    "comma at the end": json.dumps(ROWS)[:-1] + ",]",
    "byte order mark": "\ufeff" + json.dumps(ROWS),
    "JSON Lines": "\n".join(map(json.dumps, ROWS)),
    "one object after the other": "\n".join(json.dumps(row, indent=1) for row in ROWS),
    "under a key": {"version": "1.0", "data": ROWS},
    "table of pandas": {"schema": {"fields": []}, "data": ROWS},
    "columns": COLUMNS,
    "columns of pandas": {k: dict(zip("01", v, strict=True)) for k, v in COLUMNS.items()},
    "index of pandas": {"0": ROWS[0], "1": ROWS[1]},
    "split of pandas": {
        "columns": ["text", "label"],
        "index": [0, 1],
        "data": [list(row.values()) for row in ROWS],
    },
}


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
@pytest.mark.parametrize("form", TABLES)
def test_every_form_gives_the_same_rows(write, form, name):
    path = write(TABLES[form], name)
    assert pairs(read_texts(path)) == pairs(clean(path).texts) == list(map(tuple, _values()))


def _values():
    return [row.values() for row in ROWS]


def test_an_array_is_known_whatever_the_file_is_called(write):
    assert len(read_texts(write(ROWS, "a.jsonl"))) == 2
    assert len(read_texts(write(json.dumps(ROWS, indent=1), "export"))) == 2


def test_where_rows_were_found_is_told(write):
    assert "a.json (rows in 'data')" in read_texts(write({"data": ROWS})).source


REFUSED = {
    "a bad value": ('[\n{"text": "a", "label": "x"},\n{"text": b}\n]', ["line 3", "column 10"]),
    "row over lines": ('[\n{"text": "a",\n"label" 1},\n]', ["line 2", "line 3", "':'"]),
    "cut in a row": (json.dumps(ROWS, indent=1)[:-20], ["line 6", "cut short"]),
    "cut behind a row": (json.dumps(ROWS)[:-1], ["cut short"]),
    "text behind the end": (json.dumps(ROWS) + "x", ["more text after"]),
    "arrays": ("[[1, 2]]", ["line 1", "a list where an object"]),
    "texts": ('["a", "b"]', ["the value 'a'", '[{"text"']),
    "nothing": ("[]", ["holds no rows"]),
    "a number": ("7", ["line 1"]),
    "nested": ([ROWS[0], {"text": "b", "label": ["x"]}], ["row 2", "column 'label'", "a list"]),
    "missing key": ([ROWS[0], {"text": "b"}], ["row 2", "no 'label'"]),
    "a key twice": ('[{"text": "a", "text": "b", "label": 1}]', ["line 1", "'text' twice"]),
    "two lists of one name": ('{"data": [{"text": "a"}], "data": [[]]}', ["'data' twice"]),
    "two columns of one name": ('{"text": {"0": "a", "0": "b"}, "label": {}}', ["'0' twice"]),
    "too deep": ("[" * 100_000, ["too deep"]),
    "several lists": ({"train": ROWS, "test": ROWS}, ["'train', 'test'", "test=test.json"]),
    "columns of two lengths": ({"text": ["a"], "label": ["x", "y"]}, ["'text' 1, 'label' 2"]),
    "objects in objects": ({"a": {"b": {"c": 1}}}, ["array of objects"]),
    "rows or columns": ({"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}}, ["it is unclear"]),
    "no rows in it": ({"text": "a", "more": [1, 2]}, ["none of its values is a list of rows"]),
    "lines of split": ({"columns": ["text"], "data": [["a"], ["b", "c"]]}, ["row 2 of 'data'"]),
    "surrogate": ('[{"text": "\\ud800", "label": 1}]', ["column 'text'", "\\ud800"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_table_is_refused_with_its_place(write, case):
    content, said = REFUSED[case]
    with pytest.raises(UserError) as error:
        read_texts(write(content))
    for part in ["a.json", *said]:
        assert part in str(error.value)


def test_cleaning_goes_on_behind_a_row_that_is_none(write):
    good = [{"text": f"text {i}", "label": "xy"[i % 2]} for i in range(6)]
    parts = [json.dumps(row) for row in good]
    parts[1:1] = ['"a text"', '{"text": ["a"], "label": 1}', '{"text": "a" "label": 1}']
    parts[6:6] = ['{"text": "b"}', '{"text": "c\\ud800", "label": 1}']
    cleaned = clean(write("[\n" + ",\n".join(parts) + "\n]"))
    assert list(cleaned.texts.examples) == [row["text"] for row in good]
    assert cleaned.report.rows_in == len(parts)
    assert [line for line, _, _ in cleaned.report.rejections] == [3, 4, 5, 8, 9]
    assert list(cleaned.lines) == [2, 6, 7, 10, 11, 12]


def test_rows_are_streamed_over_the_pieces_that_a_file_comes_in(write, monkeypatch):
    monkeypatch.setattr("kerastc.data.tables.plain_file.CHUNK", 7)
    rows = [{"text": f'{i} "\\{chr(233 + i)}" 1e5', "label": i % 3} for i in range(50)]
    data = read_texts(write(json.dumps(rows, indent=1)))
    assert list(data.examples) == [" ".join(row["text"].split()) for row in rows]


def test_a_far_row_is_named_by_its_line(write):
    lines = [json.dumps({"text": "x" * 100, "label": i % 2}) for i in range(5000)]
    lines[4321] = '{"text": "a", "label": }'
    with pytest.raises(UserError, match="line 4323: not valid JSON"):
        read_texts(write("[\n" + ",\n".join(lines) + "\n]"))

"""Parquet and Arrow files, written by pyarrow."""

import datetime
import sys

import pyarrow as pa
import pytest
from pyarrow import parquet
from written_tables import arrow, with_classes

from kerastc.data.cleaning.cleaning import clean
from kerastc.data.texts.text_file import read_texts
from kerastc.errors import UserError

TEXTS = ["a", "b", "c"]


def columns(*labels, kind=None):
    texts = [f"text {number}" for number in range(len(labels))]
    return pa.table({"text": texts, "label": pa.array(labels, kind)})


def write(folder, table, form="a.parquet"):
    path = folder / form
    if form.endswith(".parquet"):
        parquet.write_table(table, path)
        return path
    return arrow(path, table, stream="stream" in form)


def classes(data):
    return [data.classes[label] for label in data.labels]


FORMS = ["a.parquet", "a.arrow", "stream.arrow"]
TYPES = {
    "text": (["x", "y", "x"], pa.string(), "xyx"),
    "long text": (["x", "y", "x"], pa.large_string(), "xyx"),
    "text by views": (["x", "y", "x"], pa.string_view(), "xyx"),
    "bytes of UTF-8": ([b"x", b"y", b"x"], pa.binary(), "xyx"),
    "categories": (["x", "y", "x"], pa.dictionary(pa.int8(), pa.string()), "xyx"),
    "whole numbers": ([1, 2, 1], pa.int8(), "121"),
    "numbers": ([1.0, 2.0, 1.0], pa.float64(), "121"),
    "half numbers": ([0.5, 0.1, 0.1], pa.float32(), ["0.5", "0.1", "0.1"]),
    "decimals": ([1, 2, 1], pa.decimal128(30, 2), "121"),
    "truth values": ([True, False, True], pa.bool_(), ["true", "false", "true"]),
    "days": ([datetime.date(2024, 1, 31)] * 3, pa.date32(), ["2024-01-31"] * 3),
    "midnight": ([datetime.datetime(2024, 1, 31)] * 3, pa.timestamp("ns"), ["2024-01-31"] * 3),
    "moments": (
        [datetime.datetime(2024, 1, 31, 8, 30)] * 3,
        pa.timestamp("us"),
        ["2024-01-31 08:30:00"] * 3,
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", TYPES)
def test_values_of_every_type_are_what_a_person_reads(tmp_path, name, form):
    values, kind, expected = TYPES[name]
    if pa.types.is_decimal(kind):
        table = columns(*values).set_column(1, "label", pa.array(values).cast(kind))
    else:
        table = columns(*values, kind=kind)
    assert classes(read_texts(write(tmp_path, table, form), one_class=True)) == list(expected)


@pytest.mark.parametrize("form", FORMS)
def test_numbers_of_classes_have_their_names(tmp_path, form):
    path = write(tmp_path, with_classes(columns(1, 0, 1), ["negative", "positive"]), form)
    assert classes(read_texts(path)) == ["positive", "negative", "positive"]
    path = write(tmp_path, with_classes(columns(1, 0, -1, None), ["no", "yes"]), form)
    with pytest.raises(UserError, match="2 empty labels, in rows 3, 4"):
        read_texts(path)
    path = write(tmp_path, with_classes(columns(1, 0, 2), ["no", "yes"]), form)
    with pytest.raises(UserError, match=r"row 3, column 'label': 2, but .* numbered 0 to 1"):
        read_texts(path)


@pytest.mark.parametrize("form", FORMS)
def test_rows_that_are_none_are_named_and_counted(tmp_path, form):
    texts = pa.array([b"a", b"\xff", None, b"d\0", b"e", b" "])
    path = write(
        tmp_path, pa.table({"text": texts, "label": [1.0, 2, 3, 4, float("nan"), 6]}), form
    )
    with pytest.raises(UserError, match="row 2, column 'text': bytes that are not UTF-8"):
        read_texts(path)
    report = clean(path).report
    assert report.rows_in == 6 and report.rows_kept == 1
    assert [(row, reason) for row, reason, _ in report.rejections] == [
        (2, "bytes of another encoding"),
        (3, "empty text"),
        (4, "NUL character"),
        (5, "empty category"),
        (6, "empty text"),
    ]


def test_a_list_is_no_text(tmp_path):
    path = write(tmp_path, pa.table({"text": [["a"], ["b"]], "label": [1, 2]}))
    with pytest.raises(UserError, match=r"row 1, column 'text': list<.*where a text is needed"):
        read_texts(path)
    with pytest.raises(UserError, match="none of 2 rows can be kept"):
        clean(path)


def test_many_row_groups_and_batches_are_one_table(tmp_path):
    table = columns(*[number % 2 for number in range(10_000)])
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=3000)
    for path in (tmp_path / "a.parquet", write(tmp_path, table, "a.arrow")):
        assert list(read_texts(path).examples) == table["text"].to_pylist()


@pytest.mark.parametrize("form", FORMS)
def test_damage_is_told_in_a_line(tmp_path, form):
    path = write(tmp_path, columns(*range(2000)), form)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:16], whole[:100] + b"\xff" * 99 + whole[199:]):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"damaged|lists|other|more|column") as error:
            read_texts(path)
        assert str(path) in str(error.value) and len(str(error.value).splitlines()) <= 3


def test_a_parquet_file_with_fewer_rows_than_it_says_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path, columns(1, 2, 3))
    real = parquet.ParquetFile.iter_batches
    monkeypatch.setattr(
        parquet.ParquetFile,
        "iter_batches",
        lambda *words, **named: (batch.slice(1) for batch in real(*words, **named)),
    )
    with pytest.raises(UserError, match="2 rows; it states 3"):
        read_texts(path)


@pytest.mark.parametrize("form", ["a long text many times", "many rows", "long rows"])
def test_what_unpacks_to_far_too_much_is_refused(tmp_path, monkeypatch, form):
    monkeypatch.setattr("kerastc.data.tables.unpacking.HARMLESS", 2**20)
    monkeypatch.setattr("kerastc.data.tables.parquet_file.HARMLESS", 2**20)
    texts = {
        "a long text many times": ["x" * 100_000] * 1000,
        "many rows": [None] * 2_000_000,
        "long rows": [str(number) + "x" * 100_000 for number in range(200)],
    }
    table = pa.table({"text": pa.array(texts[form], pa.string())})
    table = table.append_column("label", pa.nulls(len(table)))
    path = tmp_path / "a.parquet"
    parquet.write_table(table, path, compression="zstd", use_dictionary=form != "long rows")
    before = pa.default_memory_pool().max_memory()
    del table
    with pytest.raises(UserError, match="unpacks to more than"):
        read_texts(path)
    assert pa.default_memory_pool().max_memory() == before  # that of the whole table


@pytest.mark.parametrize("form", FORMS)
def test_a_table_without_rows_is_refused(tmp_path, form):
    with pytest.raises(UserError, match="has a header and no rows"):
        read_texts(write(tmp_path, columns(1, 2).slice(2), form))


def test_empty_groups_of_rows_are_passed_over(tmp_path):
    table = columns(1, 2)
    path = tmp_path / "a.parquet"
    with parquet.ParquetWriter(path, table.schema) as writer:
        for part in (table.slice(2), table, table.slice(2)):
            writer.write_table(part)
    assert len(read_texts(path)) == 2


def test_compressed_arrow_data_are_refused(tmp_path):
    path = arrow(tmp_path / "a.arrow", columns(1, 2), compression="zstd")
    with pytest.raises(UserError, match="compressed Arrow data are not read"):
        read_texts(path)


def test_without_pyarrow_it_is_told_how_to_install_it(tmp_path, monkeypatch):
    paths = [write(tmp_path, columns(1, 2), form) for form in FORMS]
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for path in paths:
        with pytest.raises(UserError, match=r'pip install "kerastc\[tables\]"'):
            read_texts(path)

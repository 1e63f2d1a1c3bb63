"""JSON of a form, and class names of a line each."""

import math

import pytest

from kerastc.errors import UserError
from kerastc.forms import COUNT, NAN, Or, check, labels_text, parsed, read_json, read_labels


@pytest.mark.parametrize(
    ("value", "form", "told"),
    [
        ([], {"a": str}, r"its content is \[\], not a JSON object"),
        ({}, {"a": str}, "a is missing"),
        ({"a": {"b": [1, "x"]}}, {"a": {"b": [int]}}, r'a.b\[1\] is "x", not a whole number'),
        ({"a": True}, {"a": float}, "a is true, not a number"),
        ({"a": 10**400}, {"a": float}, "a is 1000.*not a number"),
        ({"a": math.nan}, {"a": float}, "a is NaN, not a number"),
        ({"a": -1}, {"a": COUNT}, "at least 0"),
        ({"a": [1]}, {"a": (float, float)}, "a list of 2"),
        ({"a": "c"}, {"a": {"b", "d"}}, "one of b, d"),
        ({"x": 1}, {str: str}, "x is 1"),
    ],
)
def test_the_place_that_differs_is_named(value, form, told):
    with pytest.raises(ValueError, match=told):
        check(value, form)


def test_what_fits_passes():
    form = {"a": Or(float, NAN), "b?": [str], "c?": {str: COUNT}}
    check({"a": math.nan, "b": None, "c": {"x": 2}, "more": object()}, form)


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"{", b"\xff", b"\xef\xbb\xbf{}", b'["\\ud800"]', b"", b"9" * 5000]
)
def test_what_is_no_json_is_a_message(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.json"):
        read_json(tmp_path / "a.json")


def test_a_missing_key_is_told_where_it_is_looked_up(tmp_path):
    found = parsed('{"a": {"b": 1}}', tmp_path / "a.json")
    assert found == {"a": {"b": 1}}
    with pytest.raises(UserError, match=r"a\.json has no 'c'"):
        found["a"]["c"]


@pytest.mark.parametrize("end", ["\r", "\v", "\f", "\x85", "\u2028", "\u2029", "\x1c"])
def test_a_class_name_holds_no_line_break_of_any_kind(tmp_path, end):
    with pytest.raises(UserError, match="line of text"):
        labels_text(["fine", f"a{end}b"])
    (tmp_path / "labels.txt").write_bytes(f"fine\na{end}b\n".encode())
    with pytest.raises(UserError, match=f"line 2 holds the line break U\\+{ord(end):04X}"):
        read_labels(tmp_path / "labels.txt")


@pytest.mark.parametrize("content", [b"", b"a\n\nb\n", b"a\na\n", b"\xff\n"])
def test_labels_that_are_none_are_refused(tmp_path, content):
    (tmp_path / "labels.txt").write_bytes(content)
    with pytest.raises(UserError, match=r"labels\.txt"):
        read_labels(tmp_path / "labels.txt")


def test_labels_come_back_as_they_were_written(tmp_path):
    names = ("a b", "東京", "x\u00a0y", "\ufeffz")
    (tmp_path / "labels.txt").write_text(labels_text(names), encoding="utf-8", newline="")
    assert read_labels(tmp_path / "labels.txt") == names

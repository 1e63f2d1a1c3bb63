"""Which rows the tables take, and how figures are written."""

import math

import numpy as np
import pytest

from kerastc import formatting
from kerastc.outputs.classes.examples import confident_errors, uncertain_examples
from kerastc.outputs.classes.predictions import Predictions

PREDICTIONS = Predictions(
    examples=np.array(
        ["sure and wrong", "sure and right", "unsure", "wrong a little"], dtype=object
    ),
    labels=np.array([0, 1, 2, 2]),
    probabilities=np.array(
        [[0.05, 0.9, 0.05], [0.01, 0.98, 0.01], [0.2, 0.39, 0.41], [0.3, 0.6, 0.1]]
    ),
    classes=("a", "b", "c"),
)


def test_errors_come_surest_first():
    rows = confident_errors(PREDICTIONS)
    assert [PREDICTIONS.examples[row.row] for row in rows] == ["sure and wrong", "wrong a little"]
    assert (rows[0].label, rows[0].predicted, rows[0].confidence) == ("a", "b", 0.9)
    assert rows[0].label_probability == 0.05


def test_uncertain_examples_come_nearest_first():
    rows = uncertain_examples(PREDICTIONS, limit=2)
    assert [PREDICTIONS.examples[row.row] for row in rows] == ["unsure", "wrong a little"]
    assert (rows[0].predicted, rows[0].second, rows[0].second_probability) == ("c", "b", 0.39)


def test_equal_probabilities_still_name_two_classes():
    tied = Predictions(
        np.array(["x"], dtype=object), np.array([0]), np.array([[0.5, 0.5]]), ("a", "b")
    )
    row = uncertain_examples(tied)[0]
    assert {row.predicted, row.second} == {"a", "b"}


def test_long_texts_are_cut_at_a_word():
    assert formatting.shown_text("one  two\nthree", 8) == "one two …"
    assert formatting.shown_text("one  two", 8) == "one two"


def test_nested_settings_get_dotted_names():
    assert formatting.flatten({"a": {"b": {"c": 1}, "d": []}, "e": {}}) == {
        "a.b.c": 1,
        "a.d": [],
        "e": {},
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (41.26, "41.3 s"), (252, "4 min 12 s"), (7530, "2 h 05 min"), (None, "–")],  # noqa: RUF001
)
def test_durations(seconds, text):
    assert formatting.duration(seconds) == text


@pytest.mark.parametrize("value", [None, math.nan, math.inf, "x", True])
def test_what_is_no_figure_is_a_dash(value):
    assert formatting.number(value) == formatting.count(value) == formatting.MISSING
    assert formatting.finite(value) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "none"), (True, "true"), (5e-6, "5e-06"), (["a", 1], "a, 1"), (0.1, "0.1")],
)
def test_settings_are_written_as_the_command_line_takes_them(value, text):
    assert formatting.scalar(value) == text


def test_sizes():
    assert formatting.size(3 * 2**20) == "3 MiB"
    assert formatting.size(1_503_238_553) == "1.40 GiB"


@pytest.mark.parametrize(
    ("octets", "text"),
    [(6_500_000, "6.2 MiB"), (90_200_000, "86 MiB"), (300_000, "293 KiB"), (None, "–")],  # noqa: RUF001
)
def test_small_sizes_keep_three_digits(octets, text):
    assert formatting.size(octets) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.3342, "0.334 ms"), (12.34, "12.3 ms"), (1234.5, "1234 ms"), (None, "–")],  # noqa: RUF001
)
def test_milliseconds(value, text):
    assert formatting.milliseconds(value) == text


def test_differences_have_their_sign():
    assert formatting.signed(0.0084) == "+0.008"
    assert formatting.signed_interval([-0.01, 0.0]) == "-0.010 to +0.000"
    assert formatting.signed(None) == formatting.MISSING

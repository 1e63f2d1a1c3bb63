import unicodedata
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastc.data.label_names import alike, alike_notes, class_name, label_name


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (
            ["caf\u00e9", "cafe\u0301", " caf\u00e9\u00a0", "\ufeffcafé", "ca\u00adfé", "café\x00"],
            "café",
        ),
        (
            ["a b", "a\tb", "a\n b", "a\u2028b", "a\x85b", "a\u3000b", "a\x1fb", "a\u2003\u200bb"],
            "a b",
        ),
        (
            [1, 1.0, "1", "1.0", " 1.000", np.int64(1), np.float32(1), Decimal("1.0"), "1\u200b"],
            "1",
        ),
        ([0, -0.0, "0", "-0.0", False + 0], "0"),
        ([-3, "-3.0", np.float64(-3)], "-3"),
        ([True, np.True_, "true", "TRUE", "True"], "true"),
        ([False, np.False_, "False"], "false"),
        ([0.1, np.float32(0.1), "0.1", Decimal("0.1")], "0.1"),
        (["1.10"], "1.10"),  # a section, and not 1.1
        (["007"], "007"),
        ([b"sport", np.str_("sport"), np.bytes_(b"sport")], "sport"),
        ([date(2021, 5, 1)], "2021-05-01"),
        (["None", "none "], None),
        (["NA"], "NA"),
        (["C++"], "C++"),
        (["👩\u200d🔬"], "👩\u200d🔬"),
        (["می\u200cخواهم"], "می\u200cخواهم"),  # noqa: RUF001
        (["\u200dsport\u200c"], "sport"),
        (["a\ud800"], "a\ufffd"),
    ],
)
def test_values_that_read_alike_are_one_label(values, name):
    for value in values:
        assert label_name(value) == (str(value).strip() if name is None else name), repr(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        float("nan"),
        np.nan,
        np.float32("nan"),
        pd.NaT,
        "",
        " ",
        "\u200b",
        "\ufeff \u00a0",
        "\0",
        "NaN",
        "nan",
        "null",
        "NULL",
        " N/A",
        "#N/A",
        "<NA>",
        "\u3164",
        "\u2800",
    ],
)
def test_what_is_missing_is_no_label(value):
    assert label_name(value) == ""


def test_a_folder_may_be_called_null():
    assert class_name("null") == "null"
    assert class_name(" \u200b") == ""


@given(st.text())
def test_a_name_is_a_line_that_stays_what_it_is(text):
    name = class_name(text)
    assert name.splitlines() in ([name], [])
    assert class_name(name) == name == name.strip()
    assert unicodedata.is_normalized("NFC", name)
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name)


@pytest.mark.parametrize(
    "names",
    [
        ("Sport", "sport"),
        ("sport", "sport."),
        ("Sport", "sports"),
        ("categories", "category"),
        ("economia", "economía"),
        ("business", "bussiness"),
        ("politics", "politcs"),
        ("science", "sciecne"),
        ("entertainment", "entertainmant"),
        ("\uff211", "A1"),
        ("world news", "world_news", "worldnews"),
        ("\u201csport\u201d", "sport"),
        ("ﬁlm", "film"),
        ("science fiction", "sciense fiction"),
    ],
)
def test_names_that_may_be_one_class_are_found(names):
    assert alike(["other things", *names]) == [tuple(sorted(names))]


def test_codes_numbers_and_other_words_are_not_alike():
    names = [
        "C",
        "C++",
        "C#",
        "math.CO",
        "math.CV",
        "cs.AI",
        "cs.AR",
        "topic 1",
        "topic 2",
        "10",
        "11",
        "2020-10",
        "2020-11",
        "male",
        "female",
        "class",
        "glass",
        "grass",
        "increase",
        "decrease",
        "positive",
        "negative",
        "bus",
        "bu",
        "news",
        "new york",
        "-1",
        "+1",
    ]
    found = alike(names)
    assert not found


def test_the_smaller_classes_of_a_group_are_told_with_their_rows():
    assert alike_notes({"sport": 3, "Sport": 40, "art": 9}) == {
        "class 'sport', nearly the same name as 'Sport'": 3
    }


def test_many_classes_take_little_time_and_no_pairs():
    assert alike(f"{n:05d} thing" for n in range(20_000)) == []

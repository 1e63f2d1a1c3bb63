"""Texts that a user gives: what is not a text is named with its place."""

import numpy as np
import pandas as pd
import pytest

from kerastc.errors import UserError
from kerastc.text.given import checked_texts


@pytest.mark.parametrize(
    "texts", [["a", "b"], ("a", "b"), np.array(["a", "b"]), pd.Series(["a", "b"], index=[7, 9])]
)
def test_lists_of_any_kind_are_taken(texts):
    assert checked_texts(texts) == ["a", "b"]
    assert checked_texts(texts[:0]) == []


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ("one text", "One str"),
        (b"one text", "One bytes"),
        (None, "A NoneType"),
        (3, "A int"),
        ({"a": 1}, "A dict"),
        ({"a"}, "A set"),
        (np.array("a"), "A ndarray"),
        (pd.DataFrame({"text": ["a"]}), "A DataFrame"),
    ],
)
def test_what_is_no_list_is_told(texts, told):
    with pytest.raises(UserError, match=told) as caught:
        checked_texts(texts)
    assert "list of texts" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "is None"),
        (float("nan"), "is nan"),
        (np.float32("nan"), "is nan"),
        (pd.NA, "is <NA>, which is not a text"),
        (3, "is 3, a int"),
        (True, "is True"),
        (b"abc", "is bytes"),
        (["a"], "a list"),
        ("", "is empty"),
        (" \n\u2003", "is empty"),
        ("caf\udce9", "byte 0xE9, which is not UTF-8"),
        ("a \ud83d b", "half of a surrogate pair"),
    ],
)
def test_what_is_no_text_is_told_with_its_place(text, told):
    with pytest.raises(UserError) as caught:
        checked_texts(["fine", text, None])
    assert caught.value.message.startswith("texts[1] ") and told in caught.value.message
    assert caught.value.hint

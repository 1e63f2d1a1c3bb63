import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kerastc.data.texts import LabelledTexts, cut_at_word


def test_classes_are_sorted_unless_given():
    data = LabelledTexts.of(["a", "b", "c"], ["y", "x", "y"], "a test")
    assert data.classes == ("x", "y")
    assert data.labels.tolist() == [1, 0, 1]
    assert data.labels.dtype == np.int32
    given_order = LabelledTexts.of(["a", "b"], ["y", "x"], "a test", classes=["y", "z", "x"])
    assert given_order.labels.tolist() == [0, 2]
    assert given_order.class_counts().tolist() == [1, 0, 1]


def test_rows_are_taken_by_index_or_by_mask():
    data = LabelledTexts.of(["a", "b", "c"], ["x", "y", "x"], "a test", {"n": 1})
    for rows in (np.array([0, 2]), np.array([True, False, True])):
        taken = data.take(rows)
        assert taken.texts.tolist() == ["a", "c"]
        assert taken.labels.tolist() == [0, 0]
        assert taken.classes == ("x", "y")
        assert (taken.source, taken.notes, len(taken)) == ("a test", {"n": 1}, 2)


def test_the_fingerprint_sees_texts_labels_classes_and_order():
    base = LabelledTexts.of(["a", "b"], ["x", "y"], "a test")
    same = LabelledTexts.of(["a", "b"], ["x", "y"], "another source", {"n": 1})
    assert base.fingerprint == same.fingerprint
    others = [
        LabelledTexts.of(["a", "c"], ["x", "y"], "a test"),
        LabelledTexts.of(["a", "b"], ["y", "x"], "a test"),
        LabelledTexts.of(["a", "b"], ["x", "z"], "a test"),
        LabelledTexts.of(["b", "a"], ["y", "x"], "a test"),
        LabelledTexts.of(["ab", ""], ["x", "y"], "a test"),
        base.take(np.array([0])),
    ]
    assert len({data.fingerprint for data in [base, *others]}) == 7


def test_a_text_is_cut_before_the_word_that_would_pass():
    assert cut_at_word("one two three", 7) == "one two"
    assert cut_at_word("one two three", 8) == "one two"
    assert cut_at_word("one two three", 6) == "one"
    assert cut_at_word("one  two\nthree", 13) == "one two three"
    assert cut_at_word("unbreakable", 5) == "unbre"


@given(st.text(), st.integers(1, 60))
def test_a_cut_text_is_the_longest_whole_start_that_fits(text, characters):
    words = text.split()
    cut = cut_at_word(text, characters)
    assert len(cut) <= characters
    starts = [" ".join(words[:n]) for n in range(len(words) + 1)]
    longest = max((start for start in starts if len(start) <= characters), key=len)
    assert cut == (longest or " ".join(words)[:characters])

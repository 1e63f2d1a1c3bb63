import numpy as np

from kerastc.data.texts.texts import LabelledTexts


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
        assert taken.examples.tolist() == ["a", "c"]
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

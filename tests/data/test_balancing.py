import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastc.data.balancing import balance
from kerastc.data.texts.duplicates import normal_text
from kerastc.data.texts.text_splits import split
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError


def splits_of(counts: list[int], copies: list[int] = (), seed: int = 0):
    """A split of so many rows a class, and of copies of the rows with these numbers."""
    labels = np.repeat(np.arange(len(counts)), np.array(counts))
    rng = np.random.default_rng(1)
    texts = ["".join(map(chr, row)) for row in rng.integers(97, 123, (len(labels), 30))]
    texts += [texts[row % len(labels)].upper() + "." for row in copies]
    labels = [*labels, *(labels[row % len(labels)] for row in copies)]
    return split(LabelledTexts.of(texts, [f"class {i}" for i in labels], "a test"), seed)


@pytest.mark.parametrize(
    ("how", "after"),
    [
        ("none", [420, 210, 140, 70, 56, 28]),
        ("undersample", [140, 140, 140, 70, 56, 28]),
        ("oversample", [420, 210, 140, 105, 105, 105]),
        ("both", [140, 140, 140, 105, 105, 105]),
    ],
)
def test_an_even_number_of_classes(how, after):
    splits = splits_of([600, 300, 200, 100, 80, 40])
    before = splits.train.class_counts().tolist()
    assert before == [420, 210, 140, 70, 56, 28]  # the median is 105
    balanced = balance(splits, how, seed=0)
    assert balanced.train.class_counts().tolist() == after
    record = json.loads(json.dumps(balanced.as_dict()))
    assert record["splits"]["train"]["counts"] == after
    if how == "none":
        assert "balancing" not in record
    else:
        assert record["balancing"] == {"how": how, "before": before, "after": after}


@pytest.mark.parametrize(
    ("how", "after"),
    [
        ("undersample", [280, 70, 140, 280, 14]),
        ("oversample", [350, 140, 140, 280, 140]),
        ("both", [280, 140, 140, 280, 140]),
    ],
)
def test_the_median_class_of_an_odd_number_stays_as_it_is(how, after):
    splits = splits_of([500, 100, 200, 400, 20])
    assert balance(splits, how, seed=0).train.class_counts().tolist() == after


def test_a_majority_of_one_class_is_its_own_smallest_member():
    splits = splits_of([500, 100, 200])
    assert balance(splits, "both", seed=0).train.class_counts().tolist() == [350, 140, 140]


@pytest.mark.parametrize("how", ["undersample", "oversample", "both"])
def test_equal_classes_stay_as_they_are(how):
    splits = splits_of([60, 60, 60])
    balanced = balance(splits, how, seed=0)
    np.testing.assert_array_equal(balanced.train_rows, splits.train_rows)
    assert balance(splits_of([60]), how, seed=0).train.class_counts().tolist() == [42]


def test_a_median_between_two_numbers_is_rounded_down():
    splits = splits_of([40, 21])  # 28 and 15 training rows, their median is 21.5
    assert splits.train.class_counts().tolist() == [28, 15]
    assert balance(splits, "both", seed=0).train.class_counts().tolist() == [28, 21]


@settings(max_examples=40)
@given(
    st.lists(st.integers(20, 90), min_size=2, max_size=5),
    st.lists(st.integers(0, 500), max_size=60),
    st.sampled_from(["undersample", "oversample", "both"]),
    st.integers(0, 3),
)
def test_no_copy_of_a_test_text_is_ever_trained_on(counts, copies, how, seed):
    splits = splits_of(counts, copies, seed)
    balanced = balance(splits, how, seed)
    trained_on = set(map(normal_text, balanced.train.examples))
    for name in ("validation", "test"):
        before, after = getattr(splits, name), getattr(balanced, name)
        np.testing.assert_array_equal(before.examples, after.examples)
        np.testing.assert_array_equal(before.labels, after.labels)
        assert not trained_on & set(map(normal_text, after.examples))
    assert set(balanced.train_rows) <= set(splits.train_rows)
    assert np.all(np.diff(balanced.train_rows) >= 0)
    np.testing.assert_array_equal(
        balanced.train.examples, splits.data.examples[balanced.train_rows]
    )
    np.testing.assert_array_equal(balanced.train.labels, splits.data.labels[balanced.train_rows])
    assert (balanced.data, balanced.duplicates) == (splits.data, splits.duplicates)


def test_cut_classes_repeat_no_row_and_raised_ones_keep_all_of_theirs():
    splits = splits_of([600, 300, 200, 100, 80, 40])
    rows = balance(splits, "both", seed=0).train_rows
    labels = splits.data.labels
    cut = rows[labels[rows] < 3]
    assert len(np.unique(cut)) == len(cut)
    raised = splits.train_rows[splits.train.labels >= 3]
    assert set(raised) == set(rows[labels[rows] >= 3])


def test_the_seed_decides():
    splits = splits_of([600, 300, 50])
    first, again, other = (balance(splits, "both", seed).train_rows for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert len(first) == len(other)
    assert np.any(first != other)


def test_an_unknown_way_is_refused():
    with pytest.raises(UserError, match=r"(?s)balancing=oversampel is not.*mean 'oversample'"):
        balance(splits_of([20, 30]), "oversampel", seed=0)

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastc.data.folds import draw_folds
from kerastc.data.texts.text_splits import sample_per_class, split
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError


def different_texts(n: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return ["".join(map(chr, row)) for row in rng.integers(97, 123, (n, 30))]


def labelled(counts: dict[str, int], seed: int = 0) -> LabelledTexts:
    names = np.repeat(list(counts), list(counts.values())).tolist()
    order = np.random.default_rng(seed).permutation(len(names))
    return LabelledTexts.of(different_texts(len(names)), [names[i] for i in order], "a test")


ARXIV = labelled({"AI": 540, "DS": 540, "FL": 540})


def rows_of(splits) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return splits.train_rows, splits.validation_rows, splits.test_rows


def test_equal_classes_are_split_exactly():
    assert split(ARXIV, seed=0).summary() == {
        "train": {"rows": 1134, "counts": [378] * 3},
        "validation": {"rows": 243, "counts": [81] * 3},
        "test": {"rows": 243, "counts": [81] * 3},
    }


def test_a_class_with_a_whole_share_gets_it():
    splits = split(labelled({"a": 20, "b": 70}), seed=0)
    assert splits.summary()["test"]["counts"] == [3, 11]
    assert splits.summary()["validation"]["counts"] == [3, 11]


def test_the_source_s_general_problem():
    splits = split(labelled({"CS": 640, "Math": 512, "Physics": 352}), seed=3)
    assert splits.summary()["validation"]["counts"] == [96, 77, 53]
    assert splits.summary()["test"] == {"rows": 226, "counts": [96, 77, 53]}
    assert splits.summary()["train"] == {"rows": 1504 - 2 * 226, "counts": [448, 358, 246]}


@settings(max_examples=50)
@given(
    st.lists(st.integers(20, 90), min_size=2, max_size=6),
    st.sampled_from([(0.15, 0.15), (0.1, 0.2), (0.3, 0.05), (0.25, 0.5)]),
    st.integers(0, 9),
)
def test_every_row_is_in_one_part_and_every_share_within_one_row(counts, shares, seed):
    data = labelled({f"class {i}": count for i, count in enumerate(counts)}, seed)
    splits = split(data, seed, *shares)
    assert sorted(np.concatenate(rows_of(splits))) == list(range(len(data)))
    for part, share in (("validation", shares[0]), ("test", shares[1])):
        found = splits.summary()[part]
        assert found["rows"] == round(len(data) * share)
        assert np.all(np.abs(np.array(found["counts"]) - np.array(counts) * share) < 1)
    train = np.array(splits.summary()["train"]["counts"])
    assert np.all(np.abs(train - np.array(counts) * (1 - sum(shares))) < 2)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2)), max_size=90), st.integers(0, 5))
def test_equal_texts_stay_together_and_sizes_are_kept(copies, seed):
    base = different_texts(150)
    texts = base + [base[i].upper() + "!" for i, _ in copies]
    labels = [i % 3 for i in range(150)] + [label for _, label in copies]
    data = LabelledTexts.of(texts, [f"class {label}" for label in labels], "a test")
    splits = split(data, seed)
    parts = [{data.examples[i].lower().strip("!") for i in rows} for rows in rows_of(splits)]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
    assert sorted(np.concatenate(rows_of(splits))) == list(range(len(data)))
    for part, share in (("train", 0.7), ("validation", 0.15), ("test", 0.15)):
        wanted = data.class_counts() * share
        assert np.all(np.abs(splits.summary()[part]["counts"] - wanted) < 2)
    assert splits.duplicates.exact == len(copies)


def test_groups_that_fit_nowhere_still_stay_together():
    base = different_texts(40)
    texts = base[:8] * 6 + base[8:]
    data = LabelledTexts.of(texts, ["x", "y"] * (len(texts) // 2), "a test")
    splits = split(data, seed=1)
    parts = [set(data.examples[rows]) for rows in rows_of(splits)]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])


def test_fractions_of_the_training_part_are_stratified_and_nested():
    full, half, quarter = (split(ARXIV, 4, train_fraction=f) for f in (1.0, 0.5, 0.25))
    assert half.summary()["train"]["counts"] == [189] * 3
    assert quarter.summary()["train"]["rows"] == 284
    assert min(quarter.summary()["train"]["counts"]) >= 94
    assert set(quarter.train_rows) < set(half.train_rows) < set(full.train_rows)
    for smaller in (half, quarter):
        np.testing.assert_array_equal(smaller.validation_rows, full.validation_rows)
        np.testing.assert_array_equal(smaller.test_rows, full.test_rows)


def test_the_parts_hold_their_rows():
    splits = split(ARXIV, seed=0)
    for part, rows in zip(
        (splits.train, splits.validation, splits.test), rows_of(splits), strict=True
    ):
        assert np.all(np.diff(rows) > 0)
        np.testing.assert_array_equal(part.examples, ARXIV.examples[rows])
        np.testing.assert_array_equal(part.labels, ARXIV.labels[rows])


def test_the_seed_decides():
    again = [rows_of(split(ARXIV, seed)) for seed in (0, 0, 1)]
    for first, second, other in zip(*again, strict=True):
        np.testing.assert_array_equal(first, second)
        assert len(np.intersect1d(first, other)) < len(first)


def test_the_record_of_a_run():
    splits = split(ARXIV, seed=0)
    record = json.loads(json.dumps(splits.as_dict()))
    assert record["fingerprint"] == ARXIV.fingerprint
    assert record["classes"] == ["AI", "DS", "FL"]
    assert record["splits"] == splits.summary()
    assert record["duplicates"]["exact"] == 0
    assert record["source"] == "a test"
    assert record["notes"] == {}


def test_small_classes_are_named():
    with pytest.raises(UserError, match=r"1 of 3 classes of a test: 'rare' has 6. Each needs 7."):
        split(labelled({"rare": 6, "x": 40, "y": 40}), seed=0)
    assert split(labelled({"rare": 7, "x": 40, "y": 40}), seed=0).summary()["test"]["counts"][0]


def test_a_class_of_one_text_is_refused():
    data = LabelledTexts.of(["same"] * 10 + different_texts(40), ["x"] * 10 + ["y"] * 40, "a test")
    with pytest.raises(UserError, match=r"'x' has 10 rows but only 1 different texts"):
        split(data, seed=0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (dict(validation=0), "validation=0 "),
        (dict(test=-0.1), "test=-0.1"),
        (dict(test=1.5), "test=1.5"),
        (dict(validation=0.5, test=0.5), "leave no training rows"),
        (dict(train_fraction=0), "train_fraction=0 "),
        (dict(train_fraction=1.01), "train_fraction=1.01"),
        (dict(train_fraction=1e-4), "leaves none of the rows of the class 'AI' to"),
    ],
)
def test_shares_out_of_range_are_refused(arguments, said):
    with pytest.raises(UserError, match=said):
        split(ARXIV, seed=0, **arguments)


def test_a_sample_has_as_many_rows_of_each_class_as_asked():
    data = labelled({"x": 30, "y": 40, "z": 50})
    sample = sample_per_class(data, 25, seed=0)
    assert sample.class_counts().tolist() == [25] * 3
    label_of = dict(zip(data.examples, data.labels, strict=True))
    assert [label_of[text] for text in sample.examples] == sample.labels.tolist()
    assert sample.fingerprint == sample_per_class(data, 25, seed=0).fingerprint
    assert sample.fingerprint != sample_per_class(data, 25, seed=1).fingerprint


def test_a_sample_by_name_leaves_other_classes_out():
    data = labelled({"x": 30, "y": 40, "z": 50})
    sample = sample_per_class(data, {"z": 50, "x": 3}, seed=0)
    assert sample.classes == ("x", "z")
    assert sample.class_counts().tolist() == [3, 50]
    label_of = dict(zip(data.examples, data.labels, strict=True))
    assert {data.classes[label_of[t]] for t in sample.examples[sample.labels == 1]} == {"z"}


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (31, "31 rows of the class 'x'.*has 30"),
        (0, "0 rows of the class 'x'"),
        ({"xx": 3}, "(?s)no class 'xx'.*Did you mean 'x'"),
        ({"y": 41}, "41 rows of the class 'y'.*has 40"),
    ],
)
def test_a_sample_that_cannot_be_drawn_is_refused(counts, said):
    with pytest.raises(UserError, match=said):
        sample_per_class(labelled({"x": 30, "y": 40, "z": 50}), counts, seed=0)


class OneKind(LabelledTexts):
    """Texts whose labels are no classes of theirs: what each word is, for instance."""

    strata = property(lambda self: np.zeros(len(self), np.int64))
    strata_names = ("text",)

    def renumbered(self, number):
        return np.array([number[row] for row in self.labels])

    def _digest(self, digest):
        digest.update(self.labels.tobytes())


def test_rows_are_drawn_by_what_their_data_call_kinds():
    labels = np.arange(400).reshape(100, 4) % 3  # many to a row
    data = OneKind(np.array(different_texts(100), object), labels, ("a", "b", "c"), "a test")
    splits = split(data, seed=0, train_fraction=0.5)
    assert [len(rows) for rows in rows_of(splits)] == [35, 15, 15]
    np.testing.assert_array_equal(splits.test.labels, labels[splits.test_rows])
    folds, _ = draw_folds(data, splits.duplicates.together, 4, seed=0)
    assert [len(fold.test) for fold in folds] == [25] * 4
    other = data.matching(("c", "b", "a"), "a model")
    np.testing.assert_array_equal(other.labels, 2 - labels)

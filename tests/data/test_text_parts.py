from dataclasses import replace

import numpy as np
import pydantic
import pytest

from kerastc.data.texts.text_parts import TextParts, split_texts
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError


def texts(names: str, start: int, source: str) -> LabelledTexts:
    """A text for each class name (a letter), unlike all others by the numbers in it."""
    draw = np.random.default_rng(start)
    made = [" ".join(map(str, draw.integers(10**6, size=6))) for _ in names]
    return LabelledTexts.of(made, list(names), source)


def joined(*parts: LabelledTexts, source: str = "data.csv") -> LabelledTexts:
    made = [text for part in parts for text in part.examples]
    names = [part.classes[label] for part in parts for label in part.labels]
    return LabelledTexts.of(made, names, source)


def read(**files: LabelledTexts):
    return {f"{name}.csv": part for name, part in files.items()}.__getitem__


def test_given_parts_stay_whole_and_all_other_rows_are_trained_on():
    data, dev, test = texts("ab" * 5, 1, "data"), texts("aab", 2, "dev"), texts("b", 3, "test")
    parts = TextParts(validation="dev.csv", test="test.csv")
    splits = split_texts(data, parts, read(dev=dev, test=test), seed=0)
    assert list(splits.train.examples) == list(data.examples)
    assert list(splits.validation.examples) == list(dev.examples)
    assert list(splits.test.examples) == list(test.examples)
    assert list(splits.test.labels) == [1]  # by the classes of training
    sources = splits.as_dict()["sources"]
    assert {name: part["source"] for name, part in sources.items()} == {
        "train": "data",
        "validation": "dev",
        "test": "test",
    }
    assert sources["train"]["fingerprint"] == data.fingerprint


def test_rows_that_a_given_part_holds_are_left_out_and_counted():
    test, dev = texts("ab", 1, "test"), texts("ab", 2, "dev")
    shouted = LabelledTexts.of(
        [f"{test.examples[0]} !"], ["a"], "data"
    )  # equal but for punctuation
    data = joined(texts("ab" * 10, 3, "data"), shouted, test, dev)
    dev = joined(dev, test.take(np.array([0])), source="dev")
    parts = TextParts(validation="dev.csv", test="test.csv")
    splits = split_texts(data, parts, read(dev=dev, test=test), seed=0)
    assert list(splits.train.examples) == list(data.examples[:20])
    assert len(splits.validation) == 2 and len(splits.test) == 2
    words = "rows left out as equal or nearly equal to"
    assert splits.data.notes == {
        f"train {words} test rows": 3,
        f"validation {words} test rows": 1,
        f"train {words} validation rows": 2,
    }


def test_rows_that_a_given_part_holds_can_stay_and_are_counted():
    data, test = texts("ab" * 5, 1, "data"), texts("ab", 2, "test")
    data = joined(data, test)
    parts = TextParts(test="test.csv", validation_fraction=0.2, known_rows="keep")
    splits = split_texts(data, parts, read(test=test), seed=0)
    assert len(splits.train) + len(splits.validation) == len(data)
    assert splits.data.notes == {"train rows equal or nearly equal to test rows": 2}


@pytest.mark.parametrize("given, other", [("test", "validation"), ("validation", "test")])
def test_the_other_part_is_drawn_from_the_data_by_its_share(given, other):
    data, part = texts("ab" * 20, 1, "data"), texts("ab", 2, "part")
    parts = TextParts(**{given: "part.csv", f"{other}_fraction": 0.25})
    splits = split_texts(data, parts, read(part=part), seed=0, train_fraction=0.5)
    assert len(getattr(splits, given)) == 2
    assert list(getattr(splits, other).class_counts()) == [5, 5]
    assert len(splits.train) == 15  # half of the 30 that are left
    assert set(splits.train.examples) | set(getattr(splits, other).examples) <= set(data.examples)


def test_shares_of_the_data():
    splits = split_texts(
        texts("ab" * 20, 1, "data"),
        TextParts(validation_fraction=0.1, test_fraction=0.4),
        read(),
        seed=0,
    )
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [20, 4, 16]


def test_no_test_rows_if_none_are_wanted():
    data, dev = texts("ab" * 20, 1, "data"), texts("ab", 2, "dev")
    parts = TextParts(validation="dev.csv", test_fraction=0)
    splits = split_texts(data, parts, read(dev=dev), seed=0)
    assert list(splits.train.examples) == list(data.examples)
    assert len(splits.test) == 0 and set(splits.summary()) == {"train", "validation"}
    drawn = split_texts(data, TextParts(test_fraction=0), read(), seed=0)
    assert [len(drawn.train), len(drawn.validation), len(drawn.test)] == [34, 6, 0]


def test_a_test_part_beside_the_data_is_left_where_none_is_wanted():
    data = replace(texts("ab" * 20, 1, "data"), parts={"test": "test.csv", "validation": "dev.csv"})
    parts = TextParts(test_fraction=0)
    splits = split_texts(data, parts, read(dev=texts("ab", 2, "dev")), seed=0)
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [40, 2, 0]


def test_a_row_that_moves_from_one_file_to_another_changes_the_fingerprint():
    data, dev, test = texts("ab" * 5, 1, "data"), texts("ab", 2, "dev"), texts("ab", 3, "test")
    parts = TextParts(validation="dev.csv", test="test.csv")
    one = split_texts(data, parts, read(dev=dev, test=test), seed=0)
    moved = joined(dev, test.take(np.array([0])))
    two = split_texts(data, parts, read(dev=moved, test=test.take(np.array([1]))), seed=0)
    assert one.data.fingerprint == two.data.fingerprint
    assert one.fingerprint != two.fingerprint


def test_classes_that_training_lacks_are_named():
    parts = TextParts(test="part.csv")
    with pytest.raises(UserError, match="classes that data does not know: c"):
        split_texts(texts("ab" * 9, 1, "data"), parts, read(part=texts("ac", 2, "part")), seed=0)


def test_a_class_that_the_given_part_uses_up_is_named():
    part = texts("b", 2, "part")
    data = joined(texts("a" * 9, 1, "data"), part)
    with pytest.raises(UserError, match="None of the rows of the class 'b' is left"):
        split_texts(data, TextParts(test="part.csv"), read(part=part), seed=0)


@pytest.mark.parametrize(
    "given",
    [
        {"test": "a.csv", "test_fraction": 0.1},
        {"validation": "a.csv", "validation_fraction": 0.1},
        {"validation_fraction": 0.5, "test_fraction": 0.5},
        {"test": "a.csv", "test_fraction": 0},
        {"validation_fraction": 0},
        {"test_fraction": -0.1},
        {"test_fraction": 1.5},
    ],
)
def test_parts_that_contradict_each_other_are_refused(given):
    with pytest.raises(pydantic.ValidationError):
        TextParts(**given)

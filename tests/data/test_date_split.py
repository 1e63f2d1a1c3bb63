import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kerastc.data.texts.text_splits import split
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError

LETTERS = np.random.default_rng(0).integers(97, 123, (100, 30))
TEXTS = ["".join(map(chr, row)) for row in LETTERS]  # none is like another


def dated(dates: list[int], texts: list[str] | None = None, classes: str = "xy") -> LabelledTexts:
    """Rows of these dates; classes take turns, texts differ unless given."""
    if texts is None:
        texts = [f"{TEXTS[i % 100]} {TEXTS[i // 100]}" for i in range(len(dates))]
    names = [classes[i % len(classes)] for i in range(len(dates))]
    return LabelledTexts.of(texts, names, "a test", dates=np.array(dates, np.int32))


def days(count: int, a_day: int) -> list[int]:
    """`a_day` rows on each of the first days of January 2021."""
    return np.repeat(20210101 + np.arange(count), a_day).tolist()


def parts(splits) -> list[LabelledTexts]:
    return [splits.train, splits.validation, splits.test]


def test_training_is_the_past_and_test_the_newest_days():
    data = dated(days(20, 4))
    order = np.random.default_rng(1).permutation(len(data))
    splits = split(data.take(order), seed=0, by="date")
    assert splits.as_dict()["dates"] == {
        "train": [20210101, 20210114],
        "validation": [20210115, 20210117],
        "test": [20210118, 20210120],
    }
    assert [len(part) for part in parts(splits)] == [56, 12, 12]
    assert json.loads(json.dumps(splits.as_dict()))["notes"] == {
        "rows without a date": 0,
        "later copies of earlier texts left out": 0,
    }


def test_a_split_by_text_has_no_dates_in_its_record():
    assert "dates" not in split(dated(days(20, 4)), seed=0).as_dict()


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 12), min_size=3, max_size=30),
    st.sampled_from([(0.15, 0.15), (0.1, 0.2), (0.3, 0.05), (0.25, 0.5)]),
)
def test_every_border_is_the_nearest_midnight(a_day, shares):
    dates = np.repeat(20210101 + np.arange(len(a_day)), a_day).tolist()
    splits = split(dated(dates, classes="x"), 0, *shares, by="date")
    total, until = sum(a_day), np.cumsum(a_day)
    test = min(abs(total - rows - total * shares[1]) for rows in until[1:-1])
    assert abs(len(splits.test) - total * shares[1]) == pytest.approx(test)
    wanted = total * (1 - sum(shares))
    before = until[until < total - len(splits.test)]
    assert abs(len(splits.train) - wanted) == pytest.approx(np.abs(before - wanted).min())
    assert sum(map(len, parts(splits))) == total


@settings(max_examples=80)
@given(
    st.lists(
        st.tuples(st.integers(0, 99), st.sampled_from([0, *range(20210101, 20210111)])),
        min_size=12,
        max_size=60,
    ),
    st.booleans(),
)
def test_rows_in_are_rows_in_a_part_and_rows_counted(rows, shouted):
    texts = [TEXTS[i] + " !" * (shouted and n % 2) for n, (i, _) in enumerate(rows)]
    data = dated([date for _, date in rows], texts, classes="x")
    assume(len(set(data.dates) - {0}) >= 3)
    try:
        splits = split(data, seed=0, by="date")
    except UserError as error:
        assert "no row from" in str(error)  # nothing but copies in a part
        return
    found = [set(part.examples.astype(str)) for part in parts(splits)]
    found = [{text.strip(" !") for text in part} for part in found]
    assert not (found[0] & found[1] or found[0] & found[2] or found[1] & found[2])
    assert splits.train.dates.max() < splits.validation.dates.min()
    assert splits.validation.dates.max() < splits.test.dates.min()
    assert min(splits.train.dates) > 0
    counted = sum(splits.as_dict()["notes"].values())
    assert sum(map(len, parts(splits))) + counted == len(data)
    assert splits.data.notes["rows without a date"] == int((data.dates == 0).sum())


def test_copies_stay_in_the_part_where_they_come_first():
    dates = days(20, 4)
    data = dated(dates)
    data.examples[[30, 31, 62, 78]] = data.examples[10]  # on day 8 (training), 16, 20
    data.examples[79] = data.examples[63].upper()  # on day 20, first seen on day 16
    splits = split(data, seed=0, by="date")
    assert {10, 30, 31} < set(splits.train_rows)
    assert 63 in splits.validation_rows
    assert not {62, 78, 79} & {*splits.validation_rows, *splits.test_rows}
    assert splits.test.notes["later copies of earlier texts left out"] == 3


def test_a_copy_without_a_date_takes_nobody_s_place():
    data = dated([0, *days(20, 4)])
    data.examples[0] = data.examples[-1]
    splits = split(data, seed=0, by="date")
    assert len(data) - 1 in splits.test_rows
    assert splits.data.notes["rows without a date"] == 1


def test_a_fraction_is_of_the_training_part_alone():
    whole, part = (split(dated(days(20, 4)), 3, train_fraction=f, by="date") for f in (1.0, 0.25))
    assert len(part.train) == 14
    assert set(part.train_rows) < set(whole.train_rows)
    np.testing.assert_array_equal(part.test_rows, whole.test_rows)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (dated(days(20, 4)).take(np.arange(0)), "no rows to split in a test"),
        (dated([0] * 20), "from 0 different days"),
        (dated([0, *days(2, 4)]), "from 2 different days"),
        (LabelledTexts.of(["a"] * 9, ["x"] * 9, "a test"), "a test has no dates"),
        (
            LabelledTexts.of(
                [f"{i}" * 6 for i in range(10)],
                [*"xyxyxyxyx", "x"],
                "a test",
                dates=np.arange(20210101, 20210111, dtype=np.int32),
            ),
            r"'y' has no row from 20210109 to 20210110, the days of the test part",
        ),
    ],
)
def test_what_cannot_be_split_by_date_is_refused(data, said):
    with pytest.raises(UserError, match=said):
        split(data, seed=0, validation=0.2, test=0.2, by="date")


def test_an_unknown_way_is_refused():
    with pytest.raises(UserError, match="by=year is not allowed"):
        split(dated(days(20, 4)), seed=0, by="year")


def test_a_split_at_one_midnight_has_no_test_part():
    splits = split(dated(days(20, 4)), 0, 0.15, 0, by="date")
    assert splits.as_dict()["dates"] == {
        "train": [20210101, 20210117],
        "validation": [20210118, 20210120],
    }
    assert [len(part) for part in parts(splits)] == [68, 12, 0]
    with pytest.raises(UserError, match="each of training and validation"):
        split(dated(days(1, 4)), 0, 0.15, 0, by="date")

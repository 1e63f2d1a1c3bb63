"""Words, years and label noise, counted again by hand."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastc.data.texts.duplicates import find_duplicates, normal_text
from kerastc.data.texts.exploring import OTHERS, YEAR_CLASSES, explore
from kerastc.data.texts.label_noise import label_noise
from kerastc.data.texts.texts import LabelledTexts
from kerastc.data.texts.word_counts import count_words
from kerastc.errors import UserError


def labelled(*rows: tuple[str, str], dates=None) -> LabelledTexts:
    dates = None if dates is None else np.array(dates, np.int32)
    return LabelledTexts.of(*zip(*rows, strict=True), "a test", dates=dates)


def test_words_are_counted_without_case_and_outer_punctuation():
    words = count_words(["Don't panic! -- DON'T", "“Panic”, don't-panic ???", "straße STRASSE"])
    assert dict(words.most_frequent) == {"don't": 2, "panic": 2, "don't-panic": 1, "strasse": 2}
    assert (words.unique, words.occurrences) == (4, 7)


def test_coverage_is_what_counting_by_hand_gives():
    texts = ["a a a a a", "b b b", "c", "d"]  # 10 occurrences
    words = count_words(texts)
    assert dict(words.coverage) == {
        500: 1, 800: 2, 900: 3, 950: 4, 955: 4, 980: 4, 990: 4, 1000: 4
    }  # fmt: skip
    assert words.curve == ((1, 0.5), (2, 0.8), (3, 0.9), (4, 1.0))


@given(st.lists(st.text("abcdefg ", max_size=60), max_size=8))
def test_coverage_is_monotone_and_ends_at_all_words(texts):
    counts = Counter(" ".join(texts).split())
    words = count_words(texts)
    assert (words.unique, words.occurrences) == (len(counts), counts.total())
    ranked = [count for _, count in counts.most_common()]
    for share, needed in words.coverage:
        assert sum(ranked[:needed]) * 1000 >= share * counts.total()
        assert sum(ranked[: needed - 1]) * 1000 < share * counts.total()
    needed = [needed for _, needed in words.coverage]
    shares = [share for _, share in words.curve]
    assert needed == sorted(needed)
    assert shares == sorted(shares)
    if counts:
        assert needed[-1] == len(counts)
        assert words.curve[-1] == (len(counts), 1.0)


def test_more_texts_than_are_joined_at_once_lose_no_word():
    texts = [f"word{i % 7} tail" for i in range(25_003)]
    words = count_words(texts)
    assert words.occurrences == 50_006
    assert dict(words.most_frequent)["tail"] == 25_003


def test_texts_without_a_word_have_no_coverage():
    exploration = explore(labelled(("!!!", "a"), ("...", "b")))
    assert exploration.words.coverage == ()
    assert exploration.lengths.mean == 1


def test_noise_is_the_share_of_rows_outside_the_class_of_most():
    rows = [("Same text", "a"), ("same text!", "a"), ("SAME TEXT", "b"), ("other", "a")]
    rows += [("twice", "b"), ("Twice.", "b"), ("split", "a"), ("split", "b")]
    noise = label_noise(labelled(*rows))
    assert (noise.texts, noise.rows, noise.conflicting, noise.disagreeing) == (3, 7, 2, 2)
    assert noise.estimate == pytest.approx(2 / 7)
    assert noise.examples == (("Same text", {"a": 2, "b": 1}), ("split", {"a": 1, "b": 1}))


def test_without_a_repeated_text_there_is_no_estimate():
    noise = label_noise(labelled(("one", "a"), ("two", "b")))
    assert (noise.texts, noise.estimate, noise.examples) == (0, None, ())


def test_given_duplicates_near_texts_count_as_one():
    near = "the same long headline about the budget of the coming year"
    data = labelled((near, "a"), (f"{near}s", "b"), ("something else", "a"))
    assert label_noise(data).rows == 0
    exploration = explore(data, find_duplicates(data))
    assert (exploration.noise.rows, exploration.noise.conflicting) == (2, 1)


@given(
    st.lists(st.tuples(st.sampled_from(["x", "X.", "y", "z z", "z  z"]), st.sampled_from("abc")),
             min_size=1, max_size=30)
)  # fmt: skip
def test_noise_agrees_with_a_count_of_every_text(rows):
    groups: dict[str, Counter] = {}
    for text, name in rows:
        groups.setdefault(normal_text(text), Counter())[name] += 1
    several = [counts for counts in groups.values() if counts.total() > 1]
    noise = label_noise(labelled(*rows))
    assert noise.texts == len(several)
    assert noise.rows == sum(counts.total() for counts in several)
    assert noise.conflicting == sum(len(counts) > 1 for counts in several)
    assert noise.disagreeing == sum(c.total() - max(c.values()) for c in several)


def test_years_count_rows_by_class_and_set_missing_dates_apart():
    rows = [("one", "a"), ("two", "b"), ("three", "a"), ("four", "a")]
    exploration = explore(labelled(*rows, dates=[20210131, 20200229, 0, 20211231]))
    assert exploration.years == {
        0: {"a": 1, "b": 0},
        2020: {"a": 0, "b": 1},
        2021: {"a": 2, "b": 0},
    }
    assert explore(labelled(*rows)).years is None


def test_of_many_classes_the_years_name_the_largest():
    names = [f"c{i:02}" for i in range(20) for _ in range(i + 1)]
    data = labelled(*((f"text {i}", name) for i, name in enumerate(names)), dates=[20200101] * 210)
    year = explore(data).years[2020]
    assert list(year) == [*(f"c{i:02}" for i in range(20 - YEAR_CLASSES, 20)), OTHERS]
    assert sum(year.values()) == 210
    assert year[OTHERS] == sum(range(1, 9))


def test_the_record_survives_json_and_stays_small():
    rng = np.random.default_rng(0)
    words = [f"word{i}" for i in range(5000)]
    rows = [
        (" ".join(rng.choice(words, rng.integers(1, 30))), f"class {i % 6}") for i in range(3000)
    ]
    rows += [(f"repeated {i % 20}", f"class {i % 3}") for i in range(200)]
    dates = [(1996 + i % 26) * 10_000 + 101 for i in range(len(rows))]
    record = explore(labelled(*rows, dates=dates)).as_dict()
    text = json.dumps(record, indent=2)
    assert json.loads(text) == record
    assert len(text) < 20_000


def test_no_texts_are_a_users_error():
    empty = LabelledTexts.of([], [], "empty.csv", classes=["a", "b"])
    with pytest.raises(UserError, match=r"empty\.csv: there are no texts"):
        explore(empty)

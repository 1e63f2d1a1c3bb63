"""Rows that differ only in what the model does not see are duplicates, too."""

from itertools import combinations

import numpy as np
import pytest

from kerastc import launch
from kerastc.data import telling
from kerastc.data.texts.duplicates import find_duplicates, normal_text
from kerastc.data.texts.text_parts import TextParts, split_texts
from kerastc.data.texts.text_splits import split
from kerastc.data.texts.texts import LabelledTexts
from kerastc.recipe import find
from kerastc.run import Run
from kerastc.training import TextClassifierConfig

# Pairs that one setting makes equal: by lemmas, stop words, the end that is cut off.
LEMMAS = ("{} dogs were running through forests", "{} dog be run through forest")
STOP_WORDS = ("{} in the river and under it is gold", "{} river gold")
CUT = ("{} one two three four five {}", "{} one two three four and something else {}")


def pairs_of(forms: tuple[str, str], count: int = 40, **dates) -> LabelledTexts:
    """Two texts by each of so many numbers written as letters, classes a and b in turn."""
    words = [
        "".join(np.random.default_rng(n).choice(list("bcdfgklmnprstvz"), 12)) for n in range(count)
    ]
    texts = [form.format(word, word[::-1]) for word in words for form in forms]
    return LabelledTexts.of(texts, list("aabb") * (count // 2), "pairs.csv", **dates)


CASES = [
    (LEMMAS, {"preparation": {"lemmas": True, "lowercase": True}}),
    (STOP_WORDS, {"preparation": {"stop_words": False, "punctuation": False}}),
    (STOP_WORDS, {"preparation": {"stop_words": False, "capitals": True}}),
    (CUT, {"max_tokens": 7}),
]


@pytest.mark.parametrize(("forms", "settings"), CASES)
@pytest.mark.parametrize("seed", range(3))
def test_no_two_parts_have_texts_that_the_model_sees_as_equal(forms, settings, seed):
    config = TextClassifierConfig(**settings)
    splits = split(pairs_of(forms), seed, seen=config.seen)
    parts = [
        {normal_text(text) for text in config.seen(part.examples)}
        for part in (splits.train, splits.validation, splits.test)
    ]
    assert not any(one & other for one, other in combinations(parts, 2))
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [56, 12, 12]
    assert splits.duplicates.seen == 40
    assert splits.duplicates.exact == splits.duplicates.near == 0


def test_texts_that_are_near_as_they_are_seen_share_a_group():
    def behind(texts):
        return [text.partition(": ")[2] for text in texts]

    long = "a text that is long enough for one letter to be of little weight in its five-grams"
    found = find_duplicates(
        LabelledTexts.of(
            [f"morning news of the day: {long}", f"a quite different beginning: {long}s", "x: y"],
            list("aba"),
            "three",
        ),
        seen=behind,
    )
    assert found.groups.tolist() == [0, 0, 1]
    assert (found.seen, found.conflicting) == (1, 2)


def test_a_chain_of_whole_and_seen_texts_is_one_group():
    texts = ["same words", "Same words!", "other words", "words"]
    seen = {"same words": "p", "Same words!": "q", "other words": "q", "words": "r"}
    found = find_duplicates(
        LabelledTexts.of(texts, list("aaaa"), "four"), seen=lambda rows: [seen[row] for row in rows]
    )
    assert found.groups.tolist() == [0, 0, 0, 1]
    assert (found.exact, found.near, found.seen) == (1, 0, 1)


@pytest.mark.parametrize(
    "settings", [{}, {"preparation": {"capitals": True}}, {"max_tokens": None}]
)
def test_without_cut_or_preparation_the_splits_are_those_of_the_whole_texts(settings):
    data = pairs_of(STOP_WORDS)
    expected = split(data, 3)
    found = split(data, 3, seen=TextClassifierConfig(**settings).seen)
    assert found.as_dict() == expected.as_dict()
    for part in ("train_rows", "validation_rows", "test_rows"):
        assert getattr(found, part).tolist() == getattr(expected, part).tolist()


def test_training_rows_seen_as_one_of_a_given_part_are_left_out_and_counted():
    data, rows = pairs_of(LEMMAS), np.arange(80)
    files = {
        "dev.csv": data.take((rows % 2 == 1) & (rows < 8)),
        "test.csv": data.take((rows % 2 == 1) & (rows >= 76)),
    }
    config = TextClassifierConfig(preparation={"lemmas": True})
    splits = split_texts(
        data.take(rows % 2 == 0),
        TextParts(validation="dev.csv", test="test.csv"),
        files.__getitem__,
        seed=0,
        seen=config.seen,
    )
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [34, 4, 2]
    assert splits.data.notes == {
        "train rows left out as equal or nearly equal to test rows": 2,
        "train rows left out as equal or nearly equal to validation rows": 4,
    }


def test_a_later_copy_by_date_is_one_that_the_model_sees_as_equal():
    days = np.repeat(20200101 + np.arange(40) // 2, 2).astype("int32")
    days[1:8:2] = 20200120  # four pairs have their second text on the last day
    data = pairs_of(LEMMAS, dates=days)
    config = TextClassifierConfig(preparation={"lemmas": True})
    whole, seen = (split(data, 0, by="date", seen=seen) for seen in (None, config.seen))
    assert set(range(1, 8, 2)) <= set(whole.test_rows.tolist())
    assert seen.test_rows.tolist() == [row for row in whole.test_rows if row > 8]
    assert seen.data.notes["later copies of earlier texts left out"] == 4


@pytest.mark.parametrize("recipe", ["text", "headlines"])
def test_recipes_split_what_their_settings_show_the_model(recipe, tmp_path):
    data = pairs_of(LEMMAS)
    names = [data.classes[label] for label in data.labels]
    rows = [f"{text},{name}" for text, name in zip(data.examples, names, strict=True)]
    (tmp_path / "pairs.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    module = find(recipe).load()
    more = {"categories": "none"} if recipe == "headlines" else {}
    config = module.Config(data=str(tmp_path / "pairs.csv"), preparation={"lemmas": True}, **more)
    run = Run.create(tmp_path / "run", {"recipe": recipe}, tmp_path / "cache")
    splits = launch.read_data(module, config, run)
    assert splits.duplicates.seen == 40
    assert run.read_json("data.json")["duplicates"]["seen"] == 40
    line = "texts that differ only in what the model does not see: 40"
    assert line in list(telling.told_lines(run.read_json("data.json")))

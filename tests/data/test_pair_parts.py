from dataclasses import replace

import numpy as np

from kerastc.data import LabelledPairs, split_pairs
from kerastc.data.pairs.duplicates import find_pair_duplicates
from kerastc.data.pairs.pairs import pair_array
from kerastc.data.texts.text_parts import FoldedTextParts
from kerastc.text.preparation import TextPreparation
from kerastc.training.pair_config import PairClassifierConfig

WORDS = [f"word{i}" for i in range(400)]


def sentence(rng) -> str:
    return " ".join(rng.choice(WORDS, 8))


def nli(premises: int, seed: int = 0) -> LabelledPairs:
    """Three hypotheses of each premise, one of each class."""
    rng = np.random.default_rng(seed)
    pairs = [
        (first, sentence(rng)) for first in (sentence(rng) for _ in range(premises)) for _ in "abc"
    ]
    labels = np.tile(np.arange(3, dtype=np.int32), premises)
    return LabelledPairs(pair_array(pairs), labels, ("a", "b", "c"), "a test")


def labelled(*pairs) -> LabelledPairs:
    names = [name for *_, name in pairs]
    classes = tuple(sorted(set(names)))
    labels = np.array([classes.index(name) for name in names], np.int32)
    return LabelledPairs(pair_array([pair[:2] for pair in pairs]), labels, classes, "a test")


def test_equal_near_and_turned_pairs_share_a_group_and_pairs_of_a_premise_stay_together():
    long = "the council was formed when four rivers and the audubon council were joined in one"
    data = labelled(
        ("A cat.", "It sleeps.", "yes"),
        ("a cat", "it sleeps!", "no"),  # equal
        ("A cat.", "It runs away.", "no"),  # the same premise
        (long, "An owl sings at night.", "yes"),
        ("An owl sings at night.", f"{long} again", "yes"),  # turned round, nearly
        ("A dog.", "It sleeps.", "no"),  # the same hypothesis alone
    )
    found = find_pair_duplicates(data)
    assert found.groups.tolist() == [0, 0, 1, 2, 2, 3]
    assert found.together.tolist() == [0, 0, 0, 1, 1, 2]
    assert found.as_dict() == {
        "exact": 1,
        "near": 1,
        "conflicting": 2,
        "shared": 3,
        "examples": [
            {
                "pairs": [["A cat.", "It sleeps."]],
                "classes": ["no", "yes"],
            },
            {
                "pairs": [
                    [long, "An owl sings at night."],
                    ["An owl sings at night.", f"{long} again"],
                ],
                "classes": ["yes"],
            },
        ],
    }


def test_pairs_that_differ_in_what_is_cut_are_duplicates():
    config = PairClassifierConfig(max_tokens=11)  # eight words
    data = labelled(
        ("one two three four five six", "seven eight nine", "a"),
        ("one two three four five else", "seven eight nine", "b"),
        ("one two three four other", "seven eight nine", "b"),
    )
    assert config.seen(data.examples)[1].tolist() == ["one two three four five", "seven eight nine"]
    found = find_pair_duplicates(data, config.seen)
    assert (found.groups.tolist(), found.seen) == ([0, 0, 1], 1)


def test_what_is_seen_holds_all_that_any_tokenizer_shows():
    """The cut of the reference, longest first, on texts of one token a word."""
    rng = np.random.default_rng(1)
    config = PairClassifierConfig(max_tokens=20, preparation=TextPreparation(lowercase=True))
    for first, second in rng.integers(1, 40, (50, 2)):
        pair = [" ".join(f"W{i}" for i in range(count)) for count in (first, second)]
        lengths = [int(first), int(second)]
        while sum(lengths) > 17:
            lengths[int(lengths[1] > lengths[0])] -= 1
        shown = config.seen(pair_array([pair]))[0]
        for text, kept, whole in zip(shown, lengths, pair, strict=True):
            assert whole.lower().startswith(text)
            assert kept <= len(text.split()) <= kept + 1


def test_drawn_parts_and_folds_share_no_premise():
    data = nli(60)
    splits = split_pairs(data, FoldedTextParts(), None, seed=1)
    premises = [set(part.examples[:, 0]) for part in (splits.train, splits.validation, splits.test)]
    assert sum(map(len, premises)) == 60 and not premises[0] & premises[2]
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [126, 27, 27]
    assert splits.as_dict()["duplicates"]["shared"] == 180
    assert not splits.notes

    folded = split_pairs(data, FoldedTextParts(folds=4), None, seed=1)
    for number in range(1, 5):
        fold = folded.of_fold(number)
        learned = set(fold.train.examples[:, 0]) | set(fold.validation.examples[:, 0])
        assert not learned & set(fold.test.examples[:, 0])
    assert sorted(row for fold in folded.folds for row in fold.test) == list(range(180))


def test_given_parts_stay_whole_and_what_they_share_is_counted():
    data, test = nli(40), nli(10, seed=5)
    test.examples[:3, 0] = data.examples[0, 0]  # a premise with other hypotheses
    test.examples[4] = data.examples[7]  # an equal pair
    splits = split_pairs(data, FoldedTextParts(test="test.tsv"), lambda path: test, seed=0)
    assert len(splits.test) == 30
    everything = [*splits.train.examples.tolist(), *splits.validation.examples.tolist()]
    assert data.examples[7].tolist() not in everything and len(everything) == 119
    assert splits.notes["train rows left out as equal or nearly equal to test rows"] == 1
    in_training = sum(pair[0] in set(splits.train.examples[:, 0]) for pair in splits.test.examples)
    told = "test pairs whose first text is one of training, or nearly"
    assert splits.notes.get(told, 0) == in_training > 0
    assert replace(splits).fingerprint == splits.fingerprint

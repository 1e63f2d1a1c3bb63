import numpy as np

from kerastc.data import LabelledPairs, split_pairs
from kerastc.data.pairs.pairs import pair_array
from kerastc.data.texts.text_parts import TextParts
from kerastc.run import Run
from kerastc.training.baseline import bag_of_words
from kerastc.training.pair_config import PairClassifierConfig
from kerastc.training.pair_documents import pair_documents


def test_words_are_marked_by_the_texts_they_are_in():
    (found,) = pair_documents([("The cat sat. The end", "A cat stood up, the")])
    assert found.split() == [
        *("3xthe", "3xcat", "1xsat", "3xthe", "1xend"),
        *("3xcat", "2xstood", "2xup", "3xthe"),
        *("share1x5", "share2x5"),  # two of four words, two of four
    ]
    (found,) = pair_documents([("猫座", "猫")], characters=True)
    assert found.split() == ["3x猫", "1x座", "3x猫", "share1x5", "share2x10"]
    assert pair_documents([("?", "")]) == ["share1x0 share2x0"]


def test_it_learns_what_only_both_texts_together_tell(tmp_path):
    """Whether a text has the other's words: by chance for a bag that does not know the sides."""
    rng = np.random.default_rng(0)
    words = np.array([f"word{i}" for i in range(300)])
    pairs, labels = [], []
    for row in range(400):
        first = rng.choice(words, 8, replace=False)
        second = rng.permutation(first)[:6] if row % 2 else rng.choice(words, 6, replace=False)
        pairs.append((" ".join(first), " ".join(second)))
        labels.append(row % 2)
    data = LabelledPairs(pair_array(pairs), np.array(labels, np.int32), ("new", "known"), "a test")
    splits = split_pairs(data, TextParts(), None, 0)
    found = bag_of_words(splits, PairClassifierConfig(), Run(tmp_path, tmp_path / "cache"))
    assert found.name == "bag of words of both texts"
    assert (found.test.argmax(axis=1) == splits.test.labels).mean() > 0.95

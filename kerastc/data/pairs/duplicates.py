"""Pairs of texts that occur twice, or nearly so, and pairs that have a text in common."""

import numpy as np

from kerastc.data.pairs.pairs import LabelledPairs
from kerastc.data.texts.duplicates import (
    Duplicates,
    Seen,
    described,
    differ,
    grouped,
    joined_groups,
    numbered,
)

SIMILARITY = 0.9  # of near texts, as in `find_duplicates`


def find_pair_duplicates(data: LabelledPairs, seen: Seen | None = None) -> Duplicates:
    """Finds pairs of equal or nearly equal texts, and pairs with such a first text.

    Two pairs are equal if their first texts and their second texts are, and nearly equal if both
    are so in one order or the other: a paraphrase that is turned round is the same one. What is
    equal and near of texts, `find_duplicates` says. Where the model sees less than the whole texts,
    the same is asked of what it sees.

    Pairs whose first texts are equal or nearly so are `together`, with all that is near to them: a
    premise has several hypotheses (three in XNLI, one of each class), and a model that was trained
    on one of them has read the premise of the others.

    Args:
        data: the rows.
        seen: pairs, (n, 2), to what the model sees of each; None where it sees all.
    """
    texts, near_texts = _sides(data.examples)
    unique = _of_pairs(texts)
    whole = _of_pairs(np.sort(near_texts, axis=1))
    groups, firsts = whole, near_texts[:, 0]
    shown = data.examples if seen is None else seen(data.examples)
    if any(map(differ, data.examples.ravel(), shown.ravel())):
        _, near_shown = _sides(shown)
        groups = joined_groups(whole, _of_pairs(np.sort(near_shown, axis=1)))
        firsts = joined_groups(numbered(firsts), numbered(near_shown[:, 0]))
    together = joined_groups(groups, numbered(firsts))
    pairs_of = np.bincount(np.unique(np.stack([together, groups], axis=1), axis=0)[:, 0])
    count = int(whole.max()) + 1
    return described(
        data,
        unique,
        groups,
        near=int(unique.max()) + 1 - count,
        seen=count - int(groups.max()) - 1,
        together=together,
        shared=int((pairs_of > 1)[together].sum()),
        units="pairs",
    )


def _sides(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers that equal texts share, and numbers that near ones share, (n, 2) each."""
    unique, near = grouped(pairs.ravel().tolist(), SIMILARITY)
    return unique.reshape(-1, 2), near.reshape(-1, 2)


def _of_pairs(sides: np.ndarray) -> np.ndarray:
    """Numbers, (n,), that rows of the same two numbers share."""
    return numbered(np.unique(sides, axis=0, return_inverse=True)[1].reshape(-1))

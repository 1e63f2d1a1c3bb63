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
    are nearly equal in either order: a reversed paraphrase is the same one. `find_duplicates`
    defines equal and near for texts. If the model sees less than the whole texts, the visible parts
    are compared, too.

    Pairs with equal or nearly equal first texts are `together`, with all that is near them: a
    premise has several hypotheses (three in XNLI, one per class), and a model trained on one of
    them has read the premise of the others.

    Args:
        data: the rows.
        seen: maps pairs, (n, 2), to what the model sees of each; None if it sees all.
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
    """Numbers, (n,), that rows with the same two numbers share."""
    return numbered(np.unique(sides, axis=0, return_inverse=True)[1].reshape(-1))

"""Further texts for a student, made from the training texts and labelled by the teacher."""

from collections.abc import Sequence

import numpy as np


def spliced(texts: Sequence[str], count: int, seed: int) -> np.ndarray:
    """Made-up texts, (count,): the first words of one text, then the last words of another.

    Most make little sense and belong to no class for certain. That does not harm a student that
    learns the teacher's probabilities for them, which tell it more than the labelled texts can.

    Args:
        texts: at least one with a word in it.
        count: how many.
        seed: for the draws.

    Reference: Tang et al. 2019, Distilling Task-Specific Knowledge from BERT into Simple Neural
    Networks, section 3.3, which samples n-grams and replaces words.
    """
    words = [found for text in texts if (found := text.split())]
    draws = np.random.default_rng(seed)
    pairs = draws.integers(len(words), size=(count, 2))
    shares = draws.random((count, 2))
    return np.array(
        [
            " ".join(_share(words[a], first) + _share(words[b], last, from_end=True))
            for (a, b), (first, last) in zip(pairs.tolist(), shares.tolist(), strict=True)
        ],
        dtype=object,
    )


def _share(words: list[str], share: float, from_end: bool = False) -> list[str]:
    """A share of the words, at least one, as they are."""
    count = 1 + int(share * len(words))
    return words[-count:] if from_end else words[:count]

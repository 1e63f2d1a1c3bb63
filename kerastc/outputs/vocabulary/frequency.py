"""The figure to beat: each place is said to have the words that are most frequent, with no context.

NumPy alone.
"""

import numpy as np

from kerastc.outputs.vocabulary.predictions import WordAnswer
from kerastc.outputs.vocabulary.scores import BEST

NAME = "guess by frequency"


def by_frequency(
    targets: list[np.ndarray], counts: np.ndarray, words: np.ndarray
) -> list[WordAnswer]:
    """The answers of a model that knows how frequent each token is, and nothing else.

    Args:
        targets: of each text, ids of the true tokens, (places,) int.
        counts: (vocabulary,) int, how often a corpus has each; one is added to each.
        words: (best,) object, what the most frequent tokens are called, the first first.
    """
    shares = (np.asarray(counts) + 1) / (np.sum(counts) + len(counts))
    logs = np.log(shares)
    descending = -np.sort(-logs)
    best = descending[: len(words)]
    found = []
    for row in targets:
        ranks = np.searchsorted(-descending, -logs[row])  # how many are more frequent
        repeated = (np.tile(of, (len(row), 1)) for of in (words, best))
        found.append(WordAnswer(*repeated, logs[row], ranks.astype(float)))
    return found


def most_frequent(counts: np.ndarray) -> np.ndarray:
    """The ids of the most frequent tokens, the first first."""
    return np.argsort(-np.asarray(counts), kind="stable")[:BEST]

"""How good the tags are of words that the model never saw in training. NumPy alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastc.outputs.tags.predictions import TagPredictions
from kerastc.scores.bootstrap import sums_interval
from kerastc.text.word_rules import PUNCTUATION
from kerastc.text.worded import Worded


def accuracy_on_unseen(
    known: Sequence[str], examples: Sequence[str], said: TagPredictions
) -> dict[str, Any]:
    """How many words are none of the known ones, letter by letter, and the accuracy on them.

    Args:
        known: the sentences of training.
        examples: n others.
        said: of these.

    Returns:
        `words`, and unless there are none `accuracy` and its 95 % `interval` over sentences.
    """
    vocabulary = {word for text in known for word in Worded.of(text, PUNCTUATION).words}
    counts = []
    for text, truth, answer in zip(examples, said.truth, said.answers, strict=True):
        words = Worded.of(text, PUNCTUATION).words
        new = np.array([word not in vocabulary for word in words], bool)
        counts.append((np.count_nonzero((truth == answer.tags) & new), np.count_nonzero(new)))
    counts = np.array(counts, float)
    right, words = counts.sum(axis=0)
    if not words:
        return {"words": 0}
    interval = sums_interval(counts, lambda sums: sums[..., 0] / np.maximum(sums[..., 1], 1))
    return {"words": int(words), "accuracy": float(right / words), "interval": interval}

"""How good the tags are of words that the model never saw in training. NumPy alone."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from kerastc.outputs.tags.predictions import TagPredictions
from kerastc.scores.bootstrap import sums_interval
from kerastc.text.word_rules import PUNCTUATION
from kerastc.text.worded import Worded


def hashed_words(examples: Iterable[str]) -> np.ndarray:
    """The words of sentences, each once: 64-bit hashes, (words,) uint64, ascending."""
    return np.unique(_hashes({word for text in examples for word in _words(text)}))


def accuracy_on_unseen(
    known: Sequence[np.ndarray], examples: Sequence[str], said: TagPredictions
) -> dict[str, Any]:
    """How many words are none of the known ones, letter by letter, and the accuracy on them.

    Args:
        known: for each example `hashed_words` of the sentences that its model learned from.
        examples: n sentences.
        said: of these.

    Returns:
        `words`, and unless there are none `accuracy` and its 95 % `interval` over sentences.
    """
    counts = []
    for text, own, truth, answer in zip(examples, known, said.truth, said.answers, strict=True):
        new = ~_among(_hashes(_words(text)), own)
        counts.append((np.count_nonzero((truth == answer.tags) & new), np.count_nonzero(new)))
    counts = np.array(counts, float)
    right, words = counts.sum(axis=0)
    if not words:
        return {"words": 0}
    interval = sums_interval(counts, lambda sums: sums[..., 0] / np.maximum(sums[..., 1], 1))
    return {"words": int(words), "accuracy": float(right / words), "interval": interval}


def _words(text: str) -> Sequence[str]:
    return Worded.of(text, PUNCTUATION).words


def _hashes(words: Iterable[str]) -> np.ndarray:
    """(words,) uint64."""
    found = (blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8) for word in words)
    return np.frombuffer(b"".join(one.digest() for one in found), "<u8").astype(np.uint64)


def _among(hashes: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which hashes are among known ones, which ascend; (words,) bool."""
    first = np.searchsorted(known, hashes)
    return np.searchsorted(known, hashes, side="right") > first

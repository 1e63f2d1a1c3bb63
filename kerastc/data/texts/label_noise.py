"""How far labels can be trusted, estimated from texts that were labelled more than once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerastc.data.texts.duplicates import normal_text
from kerastc.data.texts.texts import LabelledTexts
from kerastc.text.cutting import cut_at_word

SHOWN_TEXTS = 10
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class LabelNoise:
    """What `label_noise` found.

    Args:
        texts: texts that occur in more than one row.
        rows: their rows.
        conflicting: texts among them that have several classes.
        disagreeing: rows whose class is not that of most rows with their text.
        examples: up to 10 conflicting texts, those with the most disagreeing rows first: the text
            as first written, cut at 200 characters, and each class with its rows.
    """

    texts: int
    rows: int
    conflicting: int
    disagreeing: int
    examples: tuple[tuple[str, dict[str, int]], ...]

    @property
    def estimate(self) -> float | None:
        """Share of rows with a wrong class, among the texts that repeat; None if none do.

        It counts disagreement only: a text that is always given the same wrong class goes
        unnoticed.
        """
        return self.disagreeing / self.rows if self.rows else None

    def as_dict(self) -> dict:
        """The counts, the estimate and the examples, for JSON."""
        return {
            "texts": self.texts,
            "rows": self.rows,
            "conflicting": self.conflicting,
            "disagreeing": self.disagreeing,
            "estimate": self.estimate,
            "examples": [{"text": text, "classes": classes} for text, classes in self.examples],
        }


def label_noise(data: LabelledTexts, groups: np.ndarray | None = None) -> LabelNoise:
    """Compares the classes of rows that have the same text.

    Args:
        data: the rows.
        groups: (n,) int64; rows with the same number count as one text, as in
            `Duplicates.groups`. Without it, texts are the same if they differ only in case,
            punctuation and white space.
    """
    groups = _equal_texts(data.examples) if groups is None else groups
    sizes = np.bincount(groups)
    rows = np.flatnonzero(sizes[groups] > 1)
    # One key per pair of text and class; only pairs that occur take memory.
    keys, counts = np.unique(
        groups[rows].astype(np.int64) * len(data.classes) + data.labels[rows], return_counts=True
    )
    texts, starts = np.unique(keys // len(data.classes), return_index=True)
    if not len(texts):
        return LabelNoise(0, 0, 0, 0, ())
    disagreeing = sizes[texts] - np.maximum.reduceat(counts, starts)
    conflicting = np.flatnonzero(disagreeing)
    shown = conflicting[np.argsort(-disagreeing[conflicting], kind="stable")][:SHOWN_TEXTS]
    ends = np.append(starts[1:], len(keys))
    return LabelNoise(
        texts=len(texts),
        rows=len(rows),
        conflicting=len(conflicting),
        disagreeing=int(disagreeing.sum()),
        examples=tuple(
            (
                cut_at_word(data.examples[np.argmax(groups == texts[i])], _SHOWN_CHARACTERS),
                {
                    data.classes[key % len(data.classes)]: int(count)
                    for key, count in zip(
                        keys[starts[i] : ends[i]], counts[starts[i] : ends[i]], strict=True
                    )
                },
            )
            for i in shown
        ),
    )


def _equal_texts(texts: Sequence[str]) -> np.ndarray:
    """A number for each row, (n,) int64, the same for rows with equal normal texts.

    Hashes find the candidates, so that only texts that may repeat are held in memory twice.
    """
    hashes = np.fromiter((hash(normal_text(text)) for text in texts), np.int64, len(texts))
    _, groups, sizes = np.unique(hashes, return_inverse=True, return_counts=True)
    candidates = np.flatnonzero(sizes[groups] > 1)
    first_of: dict[str, int] = {}
    for row in candidates:
        groups[row] = len(sizes) + first_of.setdefault(normal_text(texts[row]), len(first_of))
    return groups

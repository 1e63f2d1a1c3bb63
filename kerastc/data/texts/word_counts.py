"""How many different words a text collection has, and how few of them cover most of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from kerastc.text.punctuation import punctuation_marks

COVERED = (500, 800, 900, 950, 955, 980, 990, 1000)  # thousandths of all occurrences
SHOWN_WORDS = 30
CURVE_POINTS = 60
_TEXTS_AT_ONCE = 10_000  # few calls, and no second copy of all texts in memory


@dataclass(frozen=True)
class Words:
    """What `count_words` found.

    Args:
        unique: different words.
        occurrences: words in all.
        most_frequent: up to 30 words with their counts, the most frequent first.
        coverage: thousandths of all occurrences, each with the least number of different words
            that cover them, the most frequent first.
        curve: some 60 numbers of words, evenly spaced in magnitude from 1 to all, each with the
            share of all occurrences that this many of the most frequent words cover.
    """

    unique: int
    occurrences: int
    most_frequent: tuple[tuple[str, int], ...]
    coverage: tuple[tuple[int, int], ...]
    curve: tuple[tuple[int, float], ...]

    def as_dict(self) -> dict:
        """All of it, for JSON."""
        return {
            "unique": self.unique,
            "occurrences": self.occurrences,
            "most_frequent": [list(pair) for pair in self.most_frequent],
            "coverage": [[share / 1000, words] for share, words in self.coverage],
            "curve": [list(point) for point in self.curve],
        }


def count_words(texts: Iterable[str]) -> Words:
    """Counts the words of all texts.

    Words are separated by white space; their case is folded and the punctuation at their ends
    dropped: `Don't` and `don't,` are one word, `don't`; a dash alone is not a word.

    Args:
        texts: any strings.
    """
    counts = _counted(texts)
    # Words with equal counts are in alphabetical order, whatever the order of the texts.
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    covered = np.cumsum([count for _, count in ranked], dtype=np.int64)
    occurrences = int(covered[-1]) if len(ranked) else 0
    # Whole numbers: the words for 100 % are all of them, and no rounding adds or loses one.
    needed = np.searchsorted(covered * 1000, [share * occurrences for share in COVERED]) + 1
    points = np.unique(np.geomspace(1, max(1, len(ranked)), CURVE_POINTS).round().astype(int))
    return Words(
        unique=len(ranked),
        occurrences=occurrences,
        most_frequent=tuple(ranked[:SHOWN_WORDS]),
        coverage=tuple(zip(COVERED, needed.tolist(), strict=True)) if ranked else (),
        curve=tuple((int(n), float(covered[n - 1] / occurrences)) for n in points)
        if ranked
        else (),
    )


def _counted(texts: Iterable[str]) -> dict[str, int]:
    """Each word with its count."""
    written: Counter[str] = Counter()
    chunk: list[str] = []
    for text in texts:
        chunk.append(text)
        if len(chunk) == _TEXTS_AT_ONCE:
            written.update(" ".join(chunk).casefold().split())
            chunk.clear()
    written.update(" ".join(chunk).casefold().split())
    # Each spelling is stripped once, however often it occurs.
    words: dict[str, int] = {}
    for spelling, count in written.items():
        if word := spelling.strip(punctuation_marks()):
            words[word] = words.get(word, 0) + count
    return words

"""The language of a line among a few that are given, by its stop words."""

from collections.abc import Sequence

import numpy as np

from kerastc.errors import UserError, nearest

UNDECIDED = "undecided"


class Languages:
    """Tells languages apart by the words that one list of stopwordsiso alone has; rough, and fast.

    A text without such words, or with as many of two languages, is not decided.

    Args:
        codes: of the languages, ISO 639-1.

    Raises:
        UserError: there is no list for one of them.
    """

    def __init__(self, codes: Sequence[str]):
        import stopwordsiso

        for code in codes:
            if code not in stopwordsiso.langs():
                known = sorted(stopwordsiso.langs())
                raise UserError(
                    f"languages={code} is not allowed: there are no stop words for it.",
                    f"{nearest(code, known)} Known are {', '.join(known)}.".lstrip(),
                )
        self.codes = tuple(codes)
        lists = [frozenset(stopwordsiso.stopwords(code)) for code in codes]
        self._own = [
            own.difference(*(other for other in lists if other is not own)) for own in lists
        ]

    def of(self, texts: Sequence[str]) -> np.ndarray:
        """The language of each text, (n,) uint8: 0 is not decided, then the place in `codes`."""
        found = np.zeros(len(texts), np.uint8)
        for number, text in enumerate(texts):
            words = set(text.casefold().split())
            counts = [len(words & own) for own in self._own]
            most = max(counts)
            if most and counts.count(most) == 1:
                found[number] = counts.index(most) + 1
        return found

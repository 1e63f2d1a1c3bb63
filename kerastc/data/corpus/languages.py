"""The language of a line among a few that are given, by its stop words."""

from collections.abc import Sequence

import numpy as np

from kerastc.errors import UserError, nearest

FEWEST = 2  # stop words; with fewer, or as many of two languages, it is not decided
UNDECIDED = "undecided"


class Languages:
    """Tells languages apart by the lists of stopwordsiso; rough, and fast.

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
        self._lists = [frozenset(stopwordsiso.stopwords(code)) for code in codes]

    def of(self, texts: Sequence[str]) -> np.ndarray:
        """The language of each text, (n,) uint8: 0 is not decided, then the place in `codes`."""
        found = np.zeros(len(texts), np.uint8)
        for number, text in enumerate(texts):
            words = set(text.casefold().split())
            counts = [len(words & stop) for stop in self._lists]
            most = max(counts)
            if most >= FEWEST and counts.count(most) == 1:
                found[number] = counts.index(most) + 1
        return found

"""Lines that are no text: stated rules, each counted and each to be switched off."""

import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np

FEWEST_WORDS = 3
LEAST_LETTERS = 0.5  # of the characters other than spaces
LONGEST_WORD = 100  # characters; WordPiece knows none that is longer
LONGEST_RUN = 20  # of the same character
CODE_MARKS = "{}<>=;|\\"
FEWEST_MARKS, MOST_MARKS = 3, 0.05  # from so many on, and of the characters other than spaces

RULES = {
    "control": "holds control characters, or U+FFFD in place of a character that was lost",
    "short": f"has fewer than {FEWEST_WORDS} words",
    "letters": f"under {LEAST_LETTERS:.0%} of its characters are letters: tables, numbers, lines",
    "long-word": f"has a word of over {LONGEST_WORD} characters: addresses, encoded files",
    "run": f"has a character {LONGEST_RUN} times in a row",
    "code": f"one character in {1 / MOST_MARKS:.0f} is one of {' '.join(CODE_MARKS)}",
}
KEPT, EMPTY = "", "empty"  # beside the rules
LETTER, CONTROL, MARK, SPACE = 1, 2, 4, 8


def reasons(texts: Sequence[str], rules: Sequence[str]) -> np.ndarray:
    """Why each text is left out, (n,) int: the place in `(KEPT, EMPTY, *rules)`.

    The first rule that applies is the one.

    Args:
        texts: lines or documents.
        rules: some of `RULES`.
    """
    found = np.zeros(len(texts), np.int64)
    if not len(texts):
        return found
    lengths = np.fromiter(map(len, texts), np.int64, len(texts)) + 1  # with a space behind each
    starts = np.cumsum(lengths) - lengths
    joined = (" ".join(texts) + " ").encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(joined, np.uint32)
    flags = _flags()[codes]
    spaces = (flags & SPACE) != 0

    def sums(marked: np.ndarray) -> np.ndarray:
        before = np.cumsum(marked, dtype=np.int32)
        return np.diff(before[starts + lengths - 1], prepend=0).astype(np.int64)

    characters = lengths - sums(spaces)

    def count(flag: int) -> np.ndarray:
        return sums((flags & flag) != 0)

    def words() -> np.ndarray:
        ends = spaces.copy()
        ends[1:] &= ~spaces[:-1]
        ends[0] = False
        return sums(ends)

    def holding(positions: np.ndarray) -> np.ndarray:
        held = np.zeros(len(texts), bool)
        held[np.searchsorted(starts, positions, "right") - 1] = True
        return held

    def long_word() -> np.ndarray:
        at = np.flatnonzero(spaces)
        return holding(at[1:][np.diff(at) > LONGEST_WORD + 1] - 1)

    def run() -> np.ndarray:
        same, length = (codes[1:] == codes[:-1]) & ~spaces[1:], 1
        while length < LONGEST_RUN - 1:  # successive pairs, by doubling
            step = min(length, LONGEST_RUN - 1 - length)
            same, length = same[:-step] & same[step:], length + step
        return holding(np.flatnonzero(same))

    def code() -> np.ndarray:
        marks = count(MARK)
        return (marks >= FEWEST_MARKS) & (marks >= MOST_MARKS * characters)

    apply = {
        "control": lambda: count(CONTROL) > 0,
        "short": lambda: words() < FEWEST_WORDS,
        "letters": lambda: count(LETTER) < LEAST_LETTERS * characters,
        "long-word": long_word,
        "run": run,
        "code": code,
    }
    found[characters == 0] = 1
    for number, rule in enumerate(rules, 2):
        found[(found == 0) & apply[rule]()] = number
    return found


@cache
def _flags() -> np.ndarray:
    """What each character is, by its code, (0x110000,) uint8."""
    flags = np.zeros(0x110000, np.uint8)
    for code in range(0x110000):
        character = chr(code)
        kind = unicodedata.category(character)
        if kind[0] in "LM":
            flags[code] = LETTER
        elif character.isspace() and kind != "Cc":
            flags[code] = SPACE
        elif kind in ("Cc", "Cs"):
            flags[code] = CONTROL
    flags[[ord(c) for c in "\t\n\r\v\f\x85"]] = SPACE
    flags[[ord(c) for c in CODE_MARKS]] = MARK
    flags[0xFFFD] = CONTROL
    return flags

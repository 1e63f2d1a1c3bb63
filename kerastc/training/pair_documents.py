"""Pairs of texts as documents whose words can be counted: the baseline of pairs."""

import re
from collections.abc import Sequence

WORD = re.compile(r"\w\w+")  # scikit-learn's own
FIRST, SECOND, BOTH = "1x", "2x", "3x"  # in front of a word: the texts that it is in
TENTHS = 10


def pair_documents(pairs: Sequence[Sequence[str]], characters: bool = False) -> list[str]:
    """Documents of words marked by the text they are in: the first, the second or both.

    Two more words give the share of the first text's words that the second has, in tenths, and vice
    versa. These are the overlap and word features of the classifier that SNLI's authors compare
    theirs with (Bowman et al. 2015, A large annotated corpus for learning natural language
    inference, section 3.2), without its pairs of one word of each text.

    Args:
        pairs: (n, 2) texts.
        characters: whether each character is a word, for scripts without spaces.
    """
    return [" ".join(_document(first, second, characters)) for first, second in pairs]


def _document(first: str, second: str, characters: bool) -> list[str]:
    sides = [_words(first, characters), _words(second, characters)]
    sets = [set(side) for side in sides]
    both = sets[0] & sets[1]
    marked = [
        f"{BOTH if word in both else mark}{word}"
        for side, mark in zip(sides, (FIRST, SECOND), strict=True)
        for word in side
    ]
    shares = [
        f"share{mark}{TENTHS * len(both) // max(len(words), 1)}"
        for words, mark in zip(sets, (FIRST, SECOND), strict=True)
    ]
    return marked + shares


def _words(text: str, characters: bool) -> list[str]:
    if characters:
        return [character for character in text.lower() if character.isalnum()]
    return WORD.findall(text.lower())

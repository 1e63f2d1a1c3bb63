"""How a raw text is divided into words, where each word gets an answer.

A run keeps the name of its rule in preprocessing.json; devices divide texts by it, too. A rule
must never change: new ones get new names.
"""

import re
import unicodedata
from functools import cache

import numpy as np

PUNCTUATION = "punctuation"  # the rule of new runs
SPACES = "spaces"
RULES = (PUNCTUATION, SPACES)

# Scripts that put no spaces between words, each sign of which is a word: kana, Han characters, Thai
# and Lao, Burmese, Khmer.
UNSPACED = (
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
# Abbreviations of one part that hardly ever end a sentence; those of several parts need no list.
ABBREVIATIONS = (
    *("Sr", "Sra", "Sres", "Srta", "Dr", "Dra", "Dña", "Lic", "Ing", "Gral", "Avda", "Vd", "Ud"),
    *(
        "Mr",
        "Mrs",
        "Ms",
        "St",
        "Ste",
        "Prof",
        "Gen",
        "Jr",
        "Bros",
        "Vol",
        "Op",
        "vs",
        "Mme",
        "Mlle",
    ),
)


def word_spans(text: str, rule: str = PUNCTUATION) -> np.ndarray:
    """Where each word of a raw text begins and ends, (words, 2) int64, in characters.

    By the rule "spaces" they are what white space divides. By "punctuation" each sign of
    punctuation is a word of its own, too, or each run of the same one, as in "..."; but it stays
    inside of numbers (3,14; 10:30; 6-3), abbreviations (EE.UU., J. Pérez), addresses
    (www.efe.es, ana@uni.cl), and between letters (franco-alemán, O'Neill, km/h). Words of scripts
    without spaces are single characters. Characters that nobody sees are no words.

    Args:
        text: as a user gives it.
        rule: "punctuation" or "spaces".
    """
    pattern = _punctuation() if rule == PUNCTUATION else re.compile(r"\S+")
    found = [word.span() for word in pattern.finditer(text)]
    return np.array(found, np.int64).reshape(-1, 2)


def in_words(codes: np.ndarray) -> np.ndarray:
    """Whether characters are letters, digits or their marks, of scripts with spaces, (n,) bool.

    Args:
        codes: their code points, (n,) int.
    """
    known = np.zeros(int(codes.max(initial=0)) + 1, bool)
    for code in np.flatnonzero(np.bincount(codes, minlength=1)):
        known[code] = _of_word().match(chr(code)) is not None
    return known[codes]


@cache
def _of_word() -> re.Pattern:
    """A pattern of the characters of `in_words`."""
    return re.compile(f"[^\\W_{UNSPACED}]|[{_marks()}]")


@cache
def _punctuation() -> re.Pattern:
    """A pattern of words; the first alternative that fits is taken."""
    marks = f"[{_marks()}]*"  # accents and joiners belong to the character in front of them
    letters = f"(?:[^\\W{UNSPACED}]{marks})+"  # and digits
    letter = f"[^\\W\\d_{UNSPACED}]{marks}"
    inside = r"(?:['\u2019\u02bc\u00b7&/\u2010\u2011.-]|(?<=\d)[,:\u2013](?=\d))(?=\w)"
    closing = r"\s<>\"«»“”"  # ends an address
    alternatives = (
        rf"(?:(?:https?|ftp)://|www\.)[^{closing}]*[^{closing}.,;:!?'\u2019)\]}}…]",
        r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+",
        r"[@#]\w+",
        rf"(?:{letter}\.){{2,}}(?:{letter}(?!\w))?",  # U.S., a.C
        r"[^\W\d_]{2}\.[^\W\d_]{2}\.(?!\w)",  # EE.UU.
        rf"(?<![^\s(\"«“¿¡'\u2018-]){letter}\.(?=\s+\w|\s*[,)])",  # J. of J. Pérez
        rf"(?<!\w)(?:{'|'.join(ABBREVIATIONS)})\.(?=\s+\S)",
        rf"{letters}(?:{inside}{letters})*",
        f"[{UNSPACED}]{marks}",
        rf"([^\w\s{_marks()}])\1*{marks}",
    )
    return re.compile("|".join(f"(?:{one})" for one in alternatives))


def _marks() -> str:
    """The marks (M*) and format characters (Cf) of Unicode, as ranges of a pattern."""
    ranges: list[list[int]] = []
    for code in range(0x20000):
        if unicodedata.category(chr(code)) in ("Mn", "Mc", "Me", "Cf"):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{re.escape(chr(a))}-{re.escape(chr(b))}" for a, b in ranges)

"""The effects of the tokenizer and of text preparation on every character, as tables.

TensorFlow Text's own normalizer folds case and splits differently from the reference tokenizer.
So the rules are not written again: the reference is run on each Unicode character.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from tokenizers import normalizers, pre_tokenizers

from kerastc.text.capitals import EDGES

CHARACTERS = 0x110000
PAGE = 256  # characters per page; most pages are equal and stored once
SURROGATES = range(0xD800, 0xE000)
# Planes 4 to 13 are empty, 15 and 16 are for private use: one character represents all.
SINGLE = (*range(4, 14), 15, 16)
PLANE = 0x10000
MARK = "|"  # separates characters, and is itself left unchanged

WORD, SPACE, ALONE = 0, 1, 2  # a part of a word; between words; a word of its own
UPPER, NOT_UPPER, WHITE, EDGE = 1, 2, 4, 8


@dataclass(frozen=True)
class PagedTable:
    """A whole number per character: pages[page_of[c // PAGE], c % PAGE].

    Args:
        page_of: (CHARACTERS / PAGE,) int32.
        pages: (pages, PAGE) int32.
    """

    page_of: np.ndarray
    pages: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> "PagedTable":
        """From (CHARACTERS,) whole numbers."""
        numbers: dict[bytes, int] = {}
        rows = (row.tobytes() for row in values.astype(np.int32).reshape(-1, PAGE))
        page_of = [numbers.setdefault(row, len(numbers)) for row in rows]
        pages = np.frombuffer(b"".join(numbers), np.int32).reshape(-1, PAGE)
        return cls(np.array(page_of, np.int32), pages)

    def __getitem__(self, character: str) -> int:
        page, place = divmod(ord(character), PAGE)
        return int(self.pages[self.page_of[page], place])


@dataclass(frozen=True)
class Normalization:
    """What a WordPiece tokenizer turns each character into before it looks words up.

    Each character is treated by itself here. Unicode also reorders successive accents, but those
    are dropped with `strip_accents`, and stay as they are without it; the few exceptions (Hangul
    tone marks, stems of musical notes) are in no vocabulary.

    Args:
        replacement: 0 if a character stays, else 1 + its index in `replacements`.
        replacements: texts; "" if a character is removed.
        kind: of a resulting character: WORD, SPACE or ALONE.
    """

    replacement: PagedTable
    replacements: tuple[str, ...]
    kind: PagedTable

    def dropped(self, count: int) -> list[str]:
        """`count` private-use characters, all of which the tokenizer drops."""
        private = map(chr, range(0xE000, 0xF900))
        gone = (c for c in private if (n := self.replacement[c]) and not self.replacements[n - 1])
        return [next(gone) for _ in range(count)]


@cache
def normalization(lowercase: bool, strip_accents: bool, split_on_cjk: bool) -> Normalization:
    """The tables of `kerastc.text.vocabularies.WordPiece` with these options."""
    normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=split_on_cjk,
        strip_accents=strip_accents,
        lowercase=lowercase,
    )
    asked = [c for c in _representatives() if c != MARK]
    # One text for all: a mark between them keeps accents from joining the previous character.
    answers = normalizer.normalize_str(MARK + MARK.join(asked)).split(MARK)[1:]
    becomes = dict(zip(asked, answers, strict=True))
    kinds = _kinds({c for text in answers for c in text} | {MARK})
    isolated = _isolated(becomes)
    kinds |= dict.fromkeys(isolated, ALONE)
    changed = {c: new for c, new in becomes.items() if new != c and c not in isolated}
    replacements = sorted(set(changed.values()))
    numbers = {text: number for number, text in enumerate(replacements, 1)}
    return Normalization(
        PagedTable.of(_array({c: numbers[new] for c, new in changed.items()})),
        tuple(replacements),
        PagedTable.of(_array(kinds)),
    )


@cache
def python_properties() -> PagedTable:
    """Bits of each character as `str` sees it.

    UPPER: a capital letter. NOT_UPPER: with it a text is not `isupper()`. WHITE: `split()` divides
    words there. EDGE: one of those that `capitals_of` strips from the ends of words.
    """
    values = np.zeros(CHARACTERS, np.int32)
    for c in _representatives():
        upper = c.isupper()
        other_case = c.islower() or (c.istitle() and not upper)
        values[ord(c)] = UPPER * upper + NOT_UPPER * other_case + WHITE * c.isspace()
    values[[ord(c) for c in EDGES]] |= EDGE
    return PagedTable.of(values)


def _representatives() -> list[str]:
    """Every character except surrogates, and one for each plane in `SINGLE`."""
    planes = (range(p * PLANE, p * PLANE + (1 if p in SINGLE else PLANE)) for p in range(17))
    return [chr(code) for plane in planes for code in plane if code not in SURROGATES]


def _array(values: dict[str, int]) -> np.ndarray:
    """An array (CHARACTERS,) from numbers by character, 0 for the others."""
    array = np.zeros(CHARACTERS, np.int32)
    array[[ord(c) for c in values]] = list(values.values())
    for plane in SINGLE:
        array[plane * PLANE : (plane + 1) * PLANE] = array[plane * PLANE]
    return array


def _isolated(becomes: dict[str, str]) -> set[str]:
    """Characters that only get a space on both sides, like Chinese ones.

    Those that another character turns into without these spaces are excluded.
    """
    isolated = {c for c, new in becomes.items() if new == f" {c} "}
    bare = (new for c, new in becomes.items() if c not in isolated and len(new.strip()) == len(new))
    return isolated - {c for new in bare for c in new}


def _kinds(characters: set[str]) -> dict[str, int]:
    """How the reference divides words at each character; characters of words are left out."""
    order = sorted(characters)
    text = "a" + "".join(f"{c}a" for c in order)
    pieces = pre_tokenizers.BertPreTokenizer().pre_tokenize_str(text)
    kinds = dict.fromkeys(order, SPACE)
    for _, (begin, end) in pieces:
        for place in range(begin | 1, end, 2):  # the odd positions hold the characters in question
            kinds[text[place]] = ALONE if end - begin == 1 else WORD
    return {c: kind for c, kind in kinds.items() if kind != WORD}

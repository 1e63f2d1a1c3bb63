"""Tokens of many texts, where each word is tokenized once.

A tokenizer that splits texts at spaces gives a word the same tokens wherever it stands, and few
words make up most of a corpus: a look-up takes a tenth of the time of the library's own work. A
word is remembered only if the library gives it the same tokens alone and between two others; texts
with any other word, or with odd spaces, go to the library whole.
"""

from collections.abc import Sequence
from itertools import chain, repeat
from typing import Any

import numpy as np

from kerastc.text.ragged import Ragged, spans
from kerastc.text.tokenizer import Tokenizer

MOST_WORDS = 400_000  # remembered; some 80 MB
GROUP = 50  # words that are compared at once
LONGEST = 64  # characters of a word that is remembered
SPLITTING = ("BertPreTokenizer", "Whitespace", "WhitespaceSplit")
UNKNOWN, WHOLE = -1, -2  # in place of a word's number: not looked at yet; not to be remembered


class WordCache:
    """Tokenizes texts, without special tokens; see the module.

    Args:
        tokenizer: of any kind; one that does not split at spaces does all the work itself.
    """

    def __init__(self, tokenizer: Tokenizer):
        self._tokenizer = tokenizer
        at_spaces = splits_at_spaces(tokenizer.described())
        self._edge = tokenizer.ids(["a"])[0].tolist() if at_spaces else []
        self._forget()

    def encode(self, texts: Sequence[str]) -> Ragged:
        """The ids of each text, int32."""
        if not (self._edge and texts):
            return self._tokenizer.ids(texts)
        odd = [text[:1] == " " or text[-1:] in (" ", "") or "  " in text for text in texts]
        words = " ".join(texts).split(" ")
        numbers = self._numbered(words)
        of = np.repeat(
            np.arange(len(texts)),
            np.fromiter((text.count(" ") + 1 for text in texts), np.int64, len(texts)),
        )
        whole = np.array(odd)
        whole[of[numbers < 0]] = True
        if not whole.any():
            return self._joined(numbers, of, len(texts))
        rows = np.flatnonzero(whole)
        given = self._tokenizer.ids([texts[row] for row in rows])
        looked = self._joined(numbers[~whole[of]], of[~whole[of]], len(texts))
        lengths = looked.lengths.copy()
        lengths[rows] = given.lengths
        ids = np.empty(lengths.sum(), np.int32)
        from_library = np.repeat(whole, lengths)
        ids[from_library], ids[~from_library] = given.values, looked.values
        return Ragged(ids, lengths)

    def _joined(self, numbers: np.ndarray, of: np.ndarray, texts: int) -> Ragged:
        """The tokens of words, each of the text `of`."""
        lengths = self._lengths[numbers]
        at = np.repeat(self._starts[numbers], lengths) + spans(np.zeros_like(lengths), lengths)
        return Ragged(self._ids[at], np.bincount(of, lengths, texts).astype(np.int64))

    def _numbered(self, words: list[str]) -> np.ndarray:
        """The number of each word, or `WHOLE`."""
        get = self._known.get
        numbers = np.fromiter(map(get, words, repeat(UNKNOWN)), np.int64, len(words))
        new = np.flatnonzero(numbers == UNKNOWN)
        if len(new):
            if len(self._known) > MOST_WORDS:
                self._forget()
                return self._numbered(words)
            self._learn(list(dict.fromkeys(words[i] for i in new)))
            get = self._known.get
            numbers[new] = np.fromiter((get(words[i], WHOLE) for i in new), np.int64, len(new))
        return numbers

    def _learn(self, words: list[str]) -> None:
        """Remembers words, whose tokens alone are compared with those that they have in a row."""
        words = [word for word in words if 0 < len(word) <= LONGEST]
        alone = _rows(self._tokenizer.ids(words))
        groups = range(0, len(words), GROUP)
        rows = _rows(self._tokenizer.ids([f"a {' '.join(words[i : i + GROUP])} a" for i in groups]))
        same = []
        for begin, row in zip(groups, rows, strict=True):
            own = alone[begin : begin + GROUP]
            if row == [*self._edge, *chain.from_iterable(own), *self._edge]:
                same += map(bool, own)
            else:
                same += self._each_the_same(words[begin : begin + GROUP], own)
        first, lengths, added = len(self._lengths), [], []
        for word, ids, fits in zip(words, alone, same, strict=True):
            if fits:
                self._known[word] = first + len(lengths)
                lengths.append(len(ids))
                added.append(ids)
            else:
                self._known[word] = WHOLE
        lengths = np.array(lengths, np.int64)
        ends = len(self._ids) + np.cumsum(lengths)
        flat = np.fromiter(chain.from_iterable(added), np.int32, int(lengths.sum()))
        self._ids = np.concatenate([self._ids, flat])
        self._starts = np.concatenate([self._starts, ends - lengths])
        self._lengths = np.concatenate([self._lengths, lengths])

    def _each_the_same(self, words: list[str], alone: list[list[int]]) -> list[bool]:
        between = _rows(self._tokenizer.ids([f"a {word} a" for word in words]))
        return [
            bool(ids) and row == [*self._edge, *ids, *self._edge]
            for ids, row in zip(alone, between, strict=True)
        ]

    def _forget(self) -> None:
        self._known: dict[str, int] = {}
        self._ids = np.zeros(0, np.int32)
        self._starts, self._lengths = np.zeros(0, np.int64), np.zeros(0, np.int64)


def splits_at_spaces(told: dict[str, Any]) -> bool:
    """Whether no token can reach over a space that stands between two words.

    Args:
        told: the content of a tokenizer.json.
    """
    if any(" " in token["content"] for token in told.get("added_tokens") or ()):
        return False
    step = told.get("pre_tokenizer") or {}
    steps = step.get("pretokenizers", [step])
    return any(
        step.get("type") in SPLITTING
        or (step.get("type") == "Metaspace" and step.get("split", True))
        for step in steps
    )


def _rows(ragged: Ragged) -> list[list[int]]:
    ids, ends = ragged.values.tolist(), np.cumsum(ragged.lengths).tolist()
    return [ids[a:b] for a, b in zip([0, *ends], ends, strict=False)]

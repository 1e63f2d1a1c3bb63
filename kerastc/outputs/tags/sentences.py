"""Sentences as a page shows them: what is right marked, what is wrong framed, with both answers."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from kerastc.marked import Piece
from kerastc.outputs.tags.entities import Unit, is_scheme, named, types, units
from kerastc.outputs.tags.mistakes import Error, Mistakes
from kerastc.outputs.tags.predictions import TagPredictions
from kerastc.text.word_rules import SPACES
from kerastc.text.worded import Worded

LONG = 40  # words without a mark; of more, those in the middle are left out
KEPT = 12  # words on both sides of those left out
AROUND = 8  # words before an error that is shown by itself, and behind it


@dataclass(frozen=True)
class Framed:
    """An error in its sentence.

    Args:
        words: that it takes in.
        kind: of `mistakes.KINDS`.
        true, said: its words in pieces, the true units or the predicted ones labelled.
        probability: the least among the predicted tags.
        in_one: whether there is one unit at most on both sides, of the same words; so the labels
            tell all.
    """

    words: str
    kind: str
    true: tuple[Piece, ...]
    said: tuple[Piece, ...]
    probability: float
    in_one: bool

    @property
    def colour(self) -> int:
        """That of the true unit or, where there is none, of the predicted one."""
        return next(piece.colour for piece in (*self.true, *self.said) if piece.label)


@dataclass(frozen=True)
class Stretch:
    """A part of a sentence: a piece, a number of words that are left out, or an error."""

    piece: Piece | None = None
    left_out: int = 0
    error: Framed | None = None


@dataclass(frozen=True)
class Sentence:
    """A sentence with its errors.

    Args:
        row: its number, from 1.
        stretches: of it.
        errors: how many there are.
        loss: the mean over its words.
    """

    row: int
    stretches: tuple[Stretch, ...]
    errors: int
    loss: float


@dataclass(frozen=True)
class ShownWords:
    """The words of a text, and what stands before each: a space, or nothing."""

    words: Sequence[str]
    gaps: Sequence[str]

    @classmethod
    def of(cls, example: str) -> Self:
        """Of a text whose words are known or, in a file of an old run, parted by spaces."""
        text = example if isinstance(example, Worded) else Worded.of(example, SPACES)
        begins, ends = text.spans.T
        # The words "de" and "el" of the Spanish "del" are in the same place.
        apart = [
            " " if begin != end else "" for begin, end in zip(begins[1:], ends[:-1], strict=True)
        ]
        return cls(text.words, ["", *apart])

    def __len__(self) -> int:
        return len(self.words)

    def text(self, begin: int, end: int) -> str:
        """Some of the words, as they stand."""
        pairs = zip(self.gaps[begin:end], self.words[begin:end], strict=True)
        return "".join(gap + word for gap, word in pairs).removeprefix(" ")


class Sentences:
    """Shows sentences of a part.

    Args:
        said: the predictions, with their sentences.
        mistakes: in them.
        labels: the names of the tags.
    """

    def __init__(self, said: TagPredictions, mistakes: Mistakes, labels: Sequence[str]):
        self.said = said
        self.mistakes = mistakes
        self.labels = labels
        self.scheme = is_scheme(labels)
        self.colours: Mapping[str, int] = {kind: n for n, kind in enumerate(types(labels))}

    def worst(self) -> list[Sentence]:
        """The sentences with the most errors."""
        return [self._sentence(row) for row in self.mistakes.worst()]

    def surest(self) -> list[tuple[Framed, tuple[Stretch, ...]]]:
        """The errors of which the model was surest, each with some words around it."""
        return [(self._framed(one), tuple(self._around(one))) for one in self.mistakes.surest()]

    def _sentence(self, row: int) -> Sentence:
        words, errors = ShownWords.of(self.said.examples[row]), self.mistakes.of_row(row)
        marks: list[tuple[int, int, Stretch]] = [
            (error.begin, error.end, Stretch(error=self._framed(error))) for error in errors
        ]
        if self.scheme:  # of other labels every word has one, and those that are right stay plain
            wrong = {unit for error in errors for unit in error.true}
            true = units(named(self.said.truth[row], self.labels), scheme=True)
            right = (unit for unit in true if unit not in wrong)
            marks += [(u[0], u[1], Stretch(self._pieces(words, *u[:2], [u])[0])) for u in right]
        found, end = [], 0
        for begin, behind, stretch in sorted(marks, key=lambda mark: mark[0]):
            found += [*_plain(words, end, begin, LONG), *_gap(words, begin), stretch]
            end = behind
        found += _plain(words, end, len(words), LONG)
        return Sentence(row + 1, tuple(found), len(errors), float(self.mistakes.losses[row]))

    def _around(self, error: Error) -> Iterator[Stretch]:
        words = ShownWords.of(self.said.examples[error.row])
        begin, end = max(error.begin - AROUND, 0), min(error.end + AROUND, len(words))
        if begin:
            yield Stretch(left_out=begin)
        yield from _plain(words, begin, error.begin)
        yield from _gap(words, error.begin)
        yield Stretch(error=self._framed(error))
        yield from _plain(words, error.end, end)
        if end < len(words):
            yield Stretch(left_out=len(words) - end)

    def _framed(self, error: Error) -> Framed:
        words = ShownWords.of(self.said.examples[error.row])
        true, said = (
            tuple(self._pieces(words, error.begin, error.end, units))
            for units in (error.true, error.said)
        )
        shown = words.text(error.begin, error.end)
        in_one = len({unit[:2] for unit in (*error.true, *error.said)}) == 1
        return Framed(shown, error.kind, true, said, error.probability, in_one)

    def _pieces(
        self, words: ShownWords, begin: int, end: int, found: Sequence[Unit]
    ) -> list[Piece]:
        """Some words in pieces, of which each unit is one."""
        pieces = []
        for first, behind, kind in found:
            if begin < first:
                pieces.append(Piece(words.text(begin, first)))
            pieces.append(Piece(words.text(first, behind), kind, self.colours.get(kind, 0)))
            begin = behind
        if begin < end:
            pieces.append(Piece(words.text(begin, end)))
        return pieces


def _gap(words: ShownWords, place: int) -> Iterator[Stretch]:
    if words.gaps[place]:
        yield Stretch(Piece(words.gaps[place]))


def _plain(words: ShownWords, begin: int, end: int, most: float = math.inf) -> Iterator[Stretch]:
    """ShownWords without a mark, with what stands before them; of more than `most` not all."""
    if begin >= end:
        return
    yield from _gap(words, begin)
    if end - begin <= most:
        yield Stretch(Piece(words.text(begin, end)))
        return
    yield Stretch(Piece(words.text(begin, begin + KEPT)))
    yield Stretch(left_out=end - begin - 2 * KEPT)
    yield Stretch(Piece(words.text(end - KEPT, end)))

"""Sentences as a page shows them: what is right marked, what is wrong framed, with both answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kerastc.marked import Piece
from kerastc.outputs.tags.entities import Unit, is_scheme, types, units
from kerastc.outputs.tags.mistakes import Error, Mistakes
from kerastc.outputs.tags.predictions import TagPredictions

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
        words, errors = self._words(row), self.mistakes.of_row(row)
        marks: list[tuple[int, int, Stretch]] = [
            (error.begin, error.end, Stretch(error=self._framed(error))) for error in errors
        ]
        if self.scheme:  # of other labels every word has one, and those that are right stay plain
            wrong = {unit for error in errors for unit in error.true}
            tags = [self.labels[tag] for tag in self.said.truth[row]]
            right = (unit for unit in units(tags, True) if unit not in wrong)
            marks += [(u[0], u[1], Stretch(self._pieces(words, *u[:2], [u])[0])) for u in right]
        found, end = [], 0
        for begin, behind, stretch in sorted(marks, key=lambda mark: mark[0]):
            found += [*self._plain(words[end:begin]), stretch]
            end = behind
        found += self._plain(words[end:])
        return Sentence(row + 1, tuple(found), len(errors), float(self.mistakes.losses[row]))

    def _around(self, error: Error) -> Iterator[Stretch]:
        words = self._words(error.row)
        begin, end = max(error.begin - AROUND, 0), error.end + AROUND
        if begin:
            yield Stretch(left_out=begin)
        yield from self._plain(words[begin : error.begin])
        yield Stretch(error=self._framed(error))
        yield from self._plain(words[error.end : end])
        if end < len(words):
            yield Stretch(left_out=len(words) - end)

    def _framed(self, error: Error) -> Framed:
        words, spans = self._words(error.row), {unit[:2] for unit in (*error.true, *error.said)}
        true, said = (
            tuple(self._pieces(words, error.begin, error.end, units))
            for units in (error.true, error.said)
        )
        shown = " ".join(words[error.begin : error.end])
        return Framed(shown, error.kind, true, said, error.probability, len(spans) == 1)

    def _pieces(
        self, words: Sequence[str], begin: int, end: int, found: Sequence[Unit]
    ) -> list[Piece]:
        """Some words in pieces, of which each unit is one."""
        pieces = []
        for first, behind, kind in found:
            if begin < first:
                pieces.append(Piece(" ".join(words[begin:first])))
            pieces.append(Piece(" ".join(words[first:behind]), kind, self.colours.get(kind, 0)))
            begin = behind
        if begin < end:
            pieces.append(Piece(" ".join(words[begin:end])))
        return pieces

    def _plain(self, words: Sequence[str]) -> Iterator[Stretch]:
        if len(words) > LONG:
            yield Stretch(Piece(" ".join(words[:KEPT])))
            yield Stretch(left_out=len(words) - 2 * KEPT)
            words = words[-KEPT:]
        if words:
            yield Stretch(Piece(" ".join(words)))

    def _words(self, row: int) -> list[str]:
        return self.said.examples[row].split()

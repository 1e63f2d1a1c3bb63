"""What a tagger gets wrong: errors by kind, and which types it takes for which.

A unit is an entity, or of other labels a word. Units that are wrong belong to one error where they
share words, so that every wrong unit, true or predicted, is in one error.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from kerastc.outputs.tags.entities import Unit, is_scheme, named, units
from kerastc.outputs.tags.predictions import TagPredictions

WRONG_TYPE = "wrong type"
NOT_FOUND = "not found"
NOT_THERE = "not there"
KINDS = {
    WRONG_TYPE: "The right words, of another type.",
    "wrong boundary": "The right type; the entity begins or ends elsewhere.",
    "wrong type and boundary": "Shares words with an entity of another type.",
    "split": "One entity, found as several.",
    "merged": "Several entities, found as one.",
    "tangled": "Several entities, found as several others.",
    NOT_FOUND: "An entity of whose words none is in one that was found.",
    NOT_THERE: "Found where there is no entity.",
}


@dataclass(frozen=True)
class Error:
    """Wrong units of a sentence that share words.

    Args:
        row: of the sentence.
        true, said: the units that are there, and those that were predicted.
        probability: the least among the predicted tags of its words.
    """

    row: int
    true: tuple[Unit, ...]
    said: tuple[Unit, ...]
    probability: float

    @property
    def begin(self) -> int:
        """Its first word."""
        return min(unit[0] for unit in (*self.true, *self.said))

    @property
    def end(self) -> int:
        """The word behind its last."""
        return max(unit[1] for unit in (*self.true, *self.said))

    @property
    def kind(self) -> str:
        """Of `KINDS`."""
        if not self.said:
            return NOT_FOUND
        if not self.true:
            return NOT_THERE
        if len(self.true) > 1 or len(self.said) > 1:
            several = len(self.true) > 1, len(self.said) > 1
            return {(False, True): "split", (True, False): "merged"}.get(several, "tangled")
        [true], [said] = self.true, self.said
        if true[:2] == said[:2]:
            return WRONG_TYPE
        return "wrong boundary" if true[2] == said[2] else "wrong type and boundary"

    def pairs(self) -> Iterator[tuple[str | None, str | None]]:
        """Its true and predicted types, two by two; None beside one that is left over.

        Of several, those that have most words in common are paired first.
        """

        def shared(pair: tuple[Unit, Unit]) -> int:
            (begin, end, _), (other, behind, _) = pair
            return min(end, behind) - max(begin, other)

        true, said = list(self.true), list(self.said)
        every = [(one, other) for one in true for other in said]
        for one, other in sorted(every, key=shared, reverse=True):
            if one in true and other in said and shared((one, other)) > 0:
                true.remove(one)
                said.remove(other)
                yield one[2], other[2]
        yield from ((one[2], None) for one in true)
        yield from ((None, other[2]) for other in said)


@dataclass(frozen=True)
class Share:
    """The errors of a kind.

    Args:
        kind: of `KINDS`.
        errors: how many there are.
        true, said: how many true units and how many predicted ones they take in.
        f1: what F1 would be if they were right (after Bolya et al. 2020, TIDE).
    """

    kind: str
    errors: int
    true: int
    said: int
    f1: float


@dataclass(frozen=True)
class Confusion:
    """Units of a type that were taken for another: how many, and the share of all of the type."""

    true: str
    said: str
    count: int
    share: float


@dataclass(frozen=True, eq=False)
class Mistakes:
    """The errors among the predictions of a part.

    Args:
        errors: in the order of the text.
        right: how many units of each type are right.
        losses: (n,) float, the mean loss of the words of each sentence.
    """

    errors: Sequence[Error]
    right: Counter[str]
    losses: np.ndarray

    LIMIT: ClassVar[int] = 20  # sentences and errors that a page shows

    @classmethod
    def of(cls, said: TagPredictions, labels: Sequence[str]) -> "Mistakes":
        """Of predictions, with the names of the tags."""
        scheme = is_scheme(labels)
        errors: list[Error] = []
        right: Counter[str] = Counter()
        for row, (truth, answer) in enumerate(zip(said.truth, said.answers, strict=True)):
            true, guess = (set(units(named(tags, labels), scheme)) for tags in (truth, answer.tags))
            right.update(kind for _, _, kind in true & guess)
            errors += _errors(row, true - guess, guess - true, answer.chosen)
        losses = [-np.log(np.maximum(p, 1e-7)).mean() if len(p) else 0.0 for p in said.of_truth]
        return cls(errors, right, np.array(losses))

    @cached_property
    def true(self) -> Counter[str]:
        """How many units of each type there are."""
        return self.right + Counter(unit[2] for error in self.errors for unit in error.true)

    @cached_property
    def said(self) -> Counter[str]:
        """How many of each type were predicted."""
        return self.right + Counter(unit[2] for error in self.errors for unit in error.said)

    @cached_property
    def types(self) -> list[str]:
        """Those that are there or were predicted, sorted."""
        return sorted(self.true | self.said)

    def shares(self) -> list[Share]:
        """The errors by kind; kinds without any are left out."""
        right, true, said = (counts.total() for counts in (self.right, self.true, self.said))
        found = []
        for kind in KINDS:
            errors = [error for error in self.errors if error.kind == kind]
            there, guesses = (
                sum(len(units) for units in part)
                for part in ([e.true for e in errors], [e.said for e in errors])
            )
            f1 = 2 * (right + there) / max(true + said - guesses + there, 1)
            if errors:
                found.append(Share(kind, len(errors), there, guesses, f1))
        return found

    def matrix(self) -> np.ndarray:
        """How many units of each type (row) were taken for which (column), (types + 1,) * 2 int.

        The last column has those that were not found, the last row those that are not there. So a
        row sums to how many there are, a column to how many were predicted.
        """
        number = {kind: place for place, kind in enumerate(self.types)} | {None: len(self.types)}
        found = np.zeros((len(number),) * 2, np.int64)
        for kind, count in self.right.items():
            found[number[kind], number[kind]] = count
        for error in self.errors:
            for true, said in error.pairs():
                found[number[true], number[said]] += 1
        return found

    def confusions(self, limit: int = LIMIT) -> list[Confusion]:
        """The types that are taken for others most often, most first."""
        found = self.matrix()[:-1, :-1]
        np.fill_diagonal(found, 0)
        cells = [divmod(int(cell), len(found)) for cell in np.argsort(-found, None, "stable")]
        return [
            Confusion(
                self.types[true],
                self.types[said],
                int(found[true, said]),
                float(found[true, said] / self.true[self.types[true]]),
            )
            for true, said in cells[:limit]
            if found[true, said]
        ]

    def worst(self, limit: int = LIMIT) -> list[int]:
        """The sentences with the most errors, of as many those with the highest loss first."""
        counts = Counter(error.row for error in self.errors)
        return sorted(counts, key=lambda row: (-counts[row], -self.losses[row]))[:limit]

    def surest(self, limit: int = LIMIT) -> list[Error]:
        """The errors of which the model was surest."""
        return sorted(self.errors, key=lambda error: -error.probability)[:limit]

    def of_row(self, row: int) -> list[Error]:
        """The errors of a sentence."""
        return [error for error in self.errors if error.row == row]


def _errors(row: int, true: set[Unit], said: set[Unit], chosen: np.ndarray) -> Iterator[Error]:
    """The wrong units of a sentence, those that share words together."""
    wrong = sorted([(unit, True) for unit in true] + [(unit, False) for unit in said])
    group: list[tuple[Unit, bool]] = []
    end = 0
    for unit, is_true in [*wrong, ((len(chosen) + 1, 0, ""), True)]:
        if group and unit[0] >= end:
            begin = group[0][0][0]
            yield Error(
                row,
                tuple(one for one, there in group if there),
                tuple(one for one, there in group if not there),
                float(chosen[begin:end].min()),
            )
            group = []
        group.append((unit, is_true))
        end = max(end, unit[1]) if len(group) > 1 else unit[1]

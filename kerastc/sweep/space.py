"""The words of a sweep: which fields are fixed, which take listed values, which a range."""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerastc import settings
from kerastc.errors import UserError
from kerastc.sweep.axes import Choices, Range, read_axis

if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True)
class SearchSpace:
    """The varying and fixed settings of a sweep.

    Args:
        fixed: `key=value` words of every trial, in the order of their keys.
        axes: the swept fields in the order of their keys, so that the order of the user's words
            does not make another study.
    """

    fixed: tuple[str, ...]
    axes: tuple[Choices | Range, ...]

    @property
    def ranges(self) -> list[Range]:
        """The axes that no grid can cover."""
        return [axis for axis in self.axes if isinstance(axis, Range)]

    def grid(self) -> list[dict[str, str]]:
        """Every combination of the listed values; needs a space without ranges."""
        keys = [axis.key for axis in self.axes]
        rows = itertools.product(*(axis.texts for axis in self.axes))
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def plan(self, trials: int | None, seed: str) -> dict[int, dict[str, str]]:
        """The texts of each trial by number and key; none if a sampler should draw them.

        Args:
            trials: how many; for a grid, None means all and fewer are chosen at random.
            seed: of that choice, so that every worker and every later call chooses the same.

        Raises:
            UserError: if a range comes without a number of trials.
        """
        if ranges := self.ranges:
            _check_trials(trials)
            if trials is None:
                keys = ", ".join(axis.key for axis in ranges)
                raise UserError(
                    f"A range ({keys}) has no last value: say how many trials to run.",
                    "Add --trials N, for example --trials 20.",
                )
            return {number: {} for number in range(trials)}
        return chosen(self.grid(), trials, seed)

    def draw(self, trial: "optuna.Trial") -> dict[str, str]:
        """The texts of a trial by key: those enqueued with it, else what the sampler suggests."""
        return self.texts({axis.key: axis.suggest(trial) for axis in self.axes})

    def texts(self, values: Mapping[str, Any]) -> dict[str, str]:
        """The texts of suggested values by key; fields without a value are left out."""
        return {a.key: a.text(values[a.key]) for a in self.axes if a.key in values}

    def words(self, drawn: Mapping[str, str]) -> list[str]:
        """All `key=value` words of a trial."""
        return [*self.fixed, *(f"{key}={text}" for key, text in drawn.items())]

    def as_dict(self) -> dict[str, Any]:
        """The definition that two workers of one study must agree on, ready for JSON."""
        return {"swept": [axis.as_json() for axis in self.axes], "fixed": list(self.fixed)}


def chosen(
    grid: Sequence[dict[str, str]], trials: int | None, seed: str
) -> dict[int, dict[str, str]]:
    """The rows of a grid by number: all, or as many as there are trials, at random."""
    _check_trials(trials)
    rows = dict(enumerate(grid))
    if trials is None or trials >= len(rows):
        return rows
    # The whole grid is put in order, so that a later, larger number keeps these trials.
    order = random.Random(seed).sample(sorted(rows), len(rows))
    return {number: rows[number] for number in order[:trials]}


def _check_trials(trials: int | None) -> None:
    if trials is not None and trials < 1:
        raise UserError(f"--trials {trials}: at least 1 is needed.")


def parse(config_class: type[settings.Config], words: Sequence[str]) -> SearchSpace:
    """Reads `key=a,b,c` (a grid), `key=1e-6..1e-2:log` (a range) and `key=value` (fixed).

    A comma inside brackets or double quotes does not separate: a field that takes a list is swept
    by `key=[a,b],[c]`, and a text with a comma is written `key='"a,b"'`.

    Args:
        config_class: the recipe's `Config`, which must accept every value: each one with the
            first values of the other fields and, if there is no range, each combination.
        words: as on the command line.

    Raises:
        UserError: for an unknown field, a value that is not allowed, a range that makes no sense,
            a field given twice, or words that sweep nothing.
    """
    space = space_of(config_class, read_axes(config_class, words))
    if not space.axes:
        raise UserError(
            "There is nothing to sweep: no field has more than one value.",
            "Give values, learning_rate=1e-3,1e-2, or a range, learning_rate=1e-4..1e-2:log; "
            "the values of a field that takes a list go in brackets: key=[a,b],[c]",
        )
    return space


def first_values(words: Sequence[str]) -> dict[str, str]:
    """The first text of each word, by key."""
    return {key: text.partition(",")[0] for key, _, text in (w.partition("=") for w in words)}


def read_axes(config_class: type[settings.Config], words: Sequence[str]) -> list[Choices | Range]:
    """The field of each word with its values, in the order of the words; not yet checked.

    Raises:
        UserError: for an unknown field, a range that makes no sense, or a field given twice.
    """
    known = settings.settled(config_class, first_values(words))
    axes = [read_axis(known, word) for word in words]
    keys = [axis.key for axis in axes]
    if twice := {key for key in keys if keys.count(key) > 1}:
        raise UserError(
            f"{', '.join(sorted(twice))} is given twice.",
            "Write all its values in one word: key=a,b,c",
        )
    return axes


def space_of(config_class: type[settings.Config], axes: Sequence[Choices | Range]) -> SearchSpace:
    """The space of some fields, each value and, if there is no range, each combination checked.

    Raises:
        UserError: for a value that is not allowed, or one that is given twice.
    """
    if any(axis.key == "folds" for axis in axes):
        raise UserError(
            "A sweep with folds= would choose settings by rows that are test rows, too: the "
            "figures of what it chose would be too good.",
            "Sweep without folds. Runs of several seeds: kerastc train ... folds=5 seed=1, and so "
            "on, then kerastc compare.",
        )
    axes = _as_the_config_writes_them(config_class, sorted(axes, key=lambda axis: axis.key))
    swept = [axis for axis in axes if isinstance(axis, Range) or len(axis.texts) > 1]
    fixed = tuple(f"{axis.key}={axis.texts[0]}" for axis in axes if axis not in swept)
    space = SearchSpace(fixed, tuple(swept))
    if not space.ranges:
        for drawn in space.grid():
            settings.configure(config_class, space.words(drawn))
    return space


def _as_the_config_writes_them(
    config_class: type[settings.Config], axes: Sequence[Choices | Range]
) -> list[Choices | Range]:
    """Checks every value with the first of the others; 5e-2 and 0.05 become the same text."""
    first = {axis.key: axis.ends()[0] for axis in axes}
    written: list[Choices | Range] = []
    for axis in axes:
        texts = []
        for text in axis.ends():
            words = [f"{key}={value}" for key, value in (first | {axis.key: text}).items()]
            values = settings.flat(settings.configure(config_class, words))
            # A field that holds a dict has no single word; it stays as given.
            if axis.key in values:
                text = settings.word(axis.key, values[axis.key]).partition("=")[2]
            if text in texts:
                raise UserError(f"{axis.key}={text} is given twice.", "Leave one of them out.")
            texts.append(text)
        written.append(Choices(axis.key, tuple(texts)) if isinstance(axis, Choices) else axis)
    return written

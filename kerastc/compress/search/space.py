"""What a search may do to a model: axes of steps, from the gentlest to the harshest.

The axes are in the order of the steps in a chain: cheap, gentle steps come first, so that many
chains start alike and share the models of their first steps; training comes last, after all cuts.
Zeros (prune) are left out: they make LiteRT files neither smaller nor faster.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True)
class Axis:
    """Forms of one step.

    Args:
        name: for the study.
        words: a step as on the command line, the gentlest first; "" for no step.
    """

    name: str
    words: tuple[str, ...]

    def at(self, place: float) -> int:
        """The index of one entry of a starting chain, given as an index or a share of the axis."""
        last = len(self.words) - 1
        return round(place * len(self.words)) if 0 < place < 1 else min(int(place), last)


@dataclass(frozen=True)
class Space:
    """Every chain that a search can try.

    Args:
        fixed: the steps with which all of them start.
        axes: in the order of their steps.
        beginnings: chains to start with, by axis, from the least loss to the most. 0.5 is half of
            an axis; an axis that is not named stays at its gentlest.
    """

    fixed: tuple[str, ...]
    axes: tuple[Axis, ...]
    beginnings: tuple[Mapping[str, float], ...]

    def draw(self, trial: "optuna.Trial") -> tuple[str, ...]:
        """The chain of a trial: the enqueued one, else the sampler's suggestion."""
        # Integers, not categories, so that the sampler sees the order of the axes.
        drawn = {a.name: trial.suggest_int(a.name, 0, len(a.words) - 1) for a in self.axes}
        return self.words(drawn)

    def words(self, drawn: Mapping[str, int]) -> tuple[str, ...]:
        """The steps of a chain.

        Args:
            drawn: one index per axis.
        """
        chosen = (axis.words[drawn[axis.name]] for axis in self.axes)
        return (*self.fixed, *(word for word in chosen if word))

    @cached_property
    def first(self) -> list[dict[str, int]]:
        """Chains to start with, one index per axis; no two alike."""
        found = [
            {axis.name: axis.at(places.get(axis.name, 0)) for axis in self.axes}
            for places in self.beginnings
        ]
        return [drawn for i, drawn in enumerate(found) if drawn not in found[:i]]

    @property
    def size(self) -> int:
        """How many chains there are."""
        return math.prod(len(axis.words) for axis in self.axes)

    def plan(self, draws: int) -> dict[int, dict[str, int]]:
        """The starting chains by slot, then empty ones, which the sampler fills."""
        return {slot: self.first[slot] if slot < len(self.first) else {} for slot in range(draws)}

    def as_dict(self) -> dict[str, list[str]]:
        """What defines a study, ready for JSON."""
        return {"fixed": list(self.fixed), **{a.name: list(a.words) for a in self.axes}}

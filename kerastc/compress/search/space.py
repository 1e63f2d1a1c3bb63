"""What a search may do to a model: axes of steps, from the gentlest to the harshest.

The order of the axes is that of the steps in a chain: what is cheap and takes little comes first,
so that many chains begin alike and share the models of their beginnings; what trains comes last,
over all that was cut. Zeros (prune) are left out: they make no LiteRT file smaller and none faster.
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
        words: a step as the command line takes it, the gentlest first; "" is none.
    """

    name: str
    words: tuple[str, ...]

    def at(self, place: float) -> int:
        """The index for a place of a chain to begin with: an index, or a share of the axis."""
        last = len(self.words) - 1
        return round(place * len(self.words)) if 0 < place < 1 else min(int(place), last)


@dataclass(frozen=True)
class Space:
    """Every chain that a search can try.

    Args:
        fixed: the steps with which all of them begin.
        axes: in the order of their steps.
        beginnings: chains to begin with, by axis, from nearly nothing lost to much. 0.5 is half of
            an axis, and an axis that is not named stays at its gentlest.
    """

    fixed: tuple[str, ...]
    axes: tuple[Axis, ...]
    beginnings: tuple[Mapping[str, float], ...]

    def draw(self, trial: "optuna.Trial") -> tuple[str, ...]:
        """The chain of a trial: what was enqueued with it, else what the sampler suggests."""
        # Whole numbers, not categories: the sampler shall know that the axes are in order.
        drawn = {a.name: trial.suggest_int(a.name, 0, len(a.words) - 1) for a in self.axes}
        return self.words(drawn)

    def words(self, drawn: Mapping[str, int]) -> tuple[str, ...]:
        """The steps of a chain.

        Args:
            drawn: an index for each axis.
        """
        chosen = (axis.words[drawn[axis.name]] for axis in self.axes)
        return (*self.fixed, *(word for word in chosen if word))

    @cached_property
    def first(self) -> list[dict[str, int]]:
        """Chains to begin with, an index for each axis; no two alike."""
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
        """By slot the chains to begin with, then empty ones: those are the sampler's."""
        return {slot: self.first[slot] if slot < len(self.first) else {} for slot in range(draws)}

    def as_dict(self) -> dict[str, list[str]]:
        """What defines a study, ready for JSON."""
        return {"fixed": list(self.fixed), **{a.name: list(a.words) for a in self.axes}}

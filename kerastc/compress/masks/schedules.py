"""When to prune, and how much: the schedules of TensorFlow Model Optimization, without TensorFlow.

A schedule is called with the number of a batch, counted from 1, and returns whether to choose new
masks there and the share of zeros. TF-MOT's own objects can be used instead.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Schedule(Protocol):
    """What `Pruning` needs.

    Attributes:
        end_step: the last step at which masks are chosen; -1: no last step.
    """

    end_step: int

    def __call__(self, step: int) -> tuple[bool, float]:
        """Whether to prune at this step, and to what sparsity."""


@dataclass(frozen=True)
class ConstantSparsity:
    """The same sparsity, every `frequency` steps from `begin_step` to `end_step` (-1: forever)."""

    target_sparsity: float
    begin_step: int
    end_step: int = -1
    frequency: int = 100

    def __call__(self, step: int) -> tuple[bool, float]:
        return _due(self, step), self.target_sparsity


@dataclass(frozen=True)
class PolynomialDecay:
    """A sparsity that rises fast, then ever slower.

    final + (initial - final) * (1 - (step - begin) / (end - begin)) ^ power

    Reference: Zhu and Gupta 2017, To Prune or Not to Prune, eq. 1 (power 3).
    """

    initial_sparsity: float
    final_sparsity: float
    begin_step: int
    end_step: int
    power: float = 3
    frequency: int = 100

    def __call__(self, step: int) -> tuple[bool, float]:
        length = np.float32(max(self.end_step - self.begin_step, 1))
        done = np.clip(np.float32(step - self.begin_step) / length, 0, 1)
        if step >= self.end_step:
            done = np.float32(1)
        left = np.float32(self.initial_sparsity - self.final_sparsity) * (1 - done) ** self.power
        return _due(self, step), float(left + np.float32(self.final_sparsity))


def _due(schedule: ConstantSparsity | PolynomialDecay, step: int) -> bool:
    inside = step >= schedule.begin_step and (step <= schedule.end_step or schedule.end_step < 0)
    return inside and (step - schedule.begin_step) % schedule.frequency == 0

"""A figure by which models are compared, and what the comparison needs to know of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Figure:
    """A number that says how good a model's answers are.

    Args:
        name: its key in metrics.json.
        higher: whether more is better.
        label: its name for readers; by default the name.
        share: whether it is between 0 and 1, so that differences are given in points.
        of_rows: whether it is the share of rows that are right; its counts are then (right, 1).
        mean: whether it is a mean of numbers of rows; its counts are then (number, 1).
        adjective: for a model with a good figure.
    """

    name: str
    higher: bool = True
    label: str = ""
    share: bool = True
    of_rows: bool = False
    mean: bool = False
    adjective: str = "good"

    def __post_init__(self):
        if not self.label:
            object.__setattr__(self, "label", self.name.replace("_", " "))

    @property
    def sign(self) -> int:
        """1 if more is better, else -1: multiplied by it, more is always better."""
        return 1 if self.higher else -1

    @property
    def heading(self) -> str:
        """The label with a capital letter."""
        return self.label[:1].upper() + self.label[1:]


class Answered(Protocol):
    """A model's answers for n rows, as predictions/PART.csv keeps them.

    Attributes:
        examples: (n,) or (n, columns) object, texts or names of images; None if all differ.
        truth: of each row; an array, or a list of arrays.
    """

    examples: np.ndarray | None
    truth: Any


class Counts(Protocol):
    """What intervals and paired comparisons need from an output; see `kerastc.outputs.output`.

    A figure is a function of sums over rows, such as the numbers of right rows and of all rows; for
    a resample it is the same function of a weighted sum.
    """

    def counts(self, figure: str, predictions: Any) -> np.ndarray: ...

    def of_counts(self, figure: str, sums: np.ndarray) -> np.ndarray: ...

    def row_kinds(self, figure: str, predictions: Any) -> np.ndarray: ...

    def extremes(self, figure: str, predictions: Any) -> tuple[np.ndarray, np.ndarray] | None: ...


def named(figures: Sequence[Figure], name: str) -> Figure:
    """The figure of a name.

    Raises:
        KeyError: there is none.
    """
    return {figure.name: figure for figure in figures}[name]

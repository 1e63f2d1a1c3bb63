"""A figure that models are compared by, and what has to be known of it to compare them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Figure:
    """A number that says how good a model's answers are.

    Args:
        name: its key in metrics.json.
        higher: whether more of it is better.
        label: what a reader calls it; the name by default.
        share: whether it lies between 0 and 1, so that differences are told in points.
        of_rows: whether it is the share of rows that are right; its counts are then (right, 1).
        mean: whether it is a mean of numbers of rows; its counts are then (number, 1).
        adjective: what a model is that is good by it.
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
        """1 where more is better, -1 where less is: times the figure, more is always better."""
        return 1 if self.higher else -1

    @property
    def heading(self) -> str:
        """The label with a capital letter."""
        return self.label[:1].upper() + self.label[1:]


class Answered(Protocol):
    """What a model said of n rows, as predictions/PART.csv keeps it.

    Attributes:
        examples: (n,) or (n, columns) object, texts or names of images; None where each is another.
        truth: of each row; an array, or a list of arrays.
    """

    examples: np.ndarray | None
    truth: Any


class Counts(Protocol):
    """What intervals and paired comparisons ask of an output; see `kerastc.outputs.output`.

    A figure is a function of sums over rows, such as the rows that are right and all rows; of a
    resample of the rows it is the same function of another weighted sum.
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

"""What a model answers: the base of `kerastc.outputs.*.scores`.

It is used on devices: nothing but NumPy is imported there.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from kerastc.scores.figures import Figure
from kerastc.tensor import Tensor

LENGTH = "length"  # in a shape: as many as the row has tokens

# Of n rows, by name: an array (n, ...), or, where the shape has a `LENGTH`, a list of n arrays.
Outputs = Mapping[str, np.ndarray | Sequence[np.ndarray]]
Answers = Any  # what an output decodes them to; it alone looks inside


class Output(ABC):
    """What a model answers, and what that is worth; one for each model.

    Args:
        labels: the names in labels.txt.

    Attributes:
        main: by what finalists, early stopping, sweeps, search and comparison rank unless told.
        figures: all that can be compared.
        answer: what a row is given: "class".
        by_word: whether each word of a text has an answer, and not the text as a whole.
    """

    main: ClassVar[Figure]
    figures: ClassVar[tuple[Figure, ...]]
    answer: ClassVar[str]
    by_word: ClassVar[bool] = False

    def __init__(self, labels: Sequence[str]):
        self.labels = tuple(labels)

    # What the model gives.

    @property
    @abstractmethod
    def shapes(self) -> Mapping[str, tuple[int | str, ...]]:
        """Of one row's outputs, by name, in the order of the model; see `LENGTH`."""

    def tensors(self, batch: int | None, length: int | None = None) -> tuple[Tensor, ...]:
        """The outputs of a model.

        Args:
            batch: rows a call; None is any.
            length: tokens a row; None is any.
        """
        return tuple(
            Tensor(name, (batch, *(length if n == LENGTH else n for n in shape)), "float32")
            for name, shape in self.shapes.items()
        )

    def fit(self, found: Mapping[str, Sequence[int | None]]) -> bool:
        """Whether outputs of these shapes, (batch, ...) by name, can be those of this output."""
        wanted = {tensor.name: tensor.shape for tensor in self.tensors(None)}
        return set(found) == set(wanted) and all(
            len(found[name]) == len(shape)
            and all(n is None or m in (None, n) for n, m in zip(shape, found[name], strict=True))
            for name, shape in wanted.items()
        )

    def cut(self, found: Mapping[str, np.ndarray], sizes: Sequence[int] | None = None) -> Outputs:
        """The outputs of a call without the padding.

        Args:
            found: what a model gave, (rows, ...) by name.
            sizes: tokens of each row; only where an output has a `LENGTH`.
        """
        cut: dict[str, Any] = {}
        for name, shape in self.shapes.items():
            cut[name] = found[name]
            if LENGTH in shape:
                before = (slice(None),) * shape.index(LENGTH)
                pairs = zip(found[name], sizes, strict=True)
                cut[name] = [row[(*before, slice(size))] for row, size in pairs]
        return cut

    def merged(self, parts: Sequence[Outputs]) -> Outputs:
        """The outputs of several calls, one behind the other."""
        found: dict[str, Any] = {}
        for name, shape in self.shapes.items():
            if LENGTH in shape:
                found[name] = [row for part in parts for row in part[name]]
            elif parts:
                found[name] = np.concatenate([part[name] for part in parts])
            else:
                found[name] = np.zeros((0, *shape), np.float32)
        return found

    def taken(self, outputs: Outputs, rows: Sequence[int]) -> Outputs:
        """The outputs of the given rows."""
        return {
            name: array[rows] if isinstance(array, np.ndarray) else [array[row] for row in rows]
            for name, array in outputs.items()
        }

    @abstractmethod
    def answers(self, outputs: Outputs, rows: Sequence[Any] = ()) -> Answers:
        """The outputs of n rows, decoded.

        Args:
            outputs: of the model.
            rows: what the input made of the examples, where an answer needs it: which token is of
                which word.
        """

    # What answers are worth.

    @abstractmethod
    def metrics(self, truth: Any, answers: Answers) -> dict[str, Any]:
        """A part of metrics.json: figures in JSON's types, with 95 % intervals.

        Args:
            truth: of n rows, as labelled examples have it.
            answers: of the same.

        Raises:
            UserError: where there are no rows, or answers that are no numbers.
        """

    @abstractmethod
    def worth(self, truth: Any, answers: Answers) -> dict[str, Any]:
        """Of the metrics what benchmark.json has: `rows`, and figures with `FIGURE_interval`."""

    @abstractmethod
    def counts(self, figure: str, predictions: Any) -> np.ndarray:
        """What each row adds to the sums that a figure is made of, (n, sums) float64.

        So intervals and paired differences, which resample rows, need to know of no task. Of many
        sums it may be a SciPy sparse array.

        Args:
            figure: of `figures`.
            predictions: what `read_predictions` or `of_kept` gives.
        """

    @abstractmethod
    def of_counts(self, figure: str, sums: np.ndarray) -> np.ndarray:
        """The figure of such sums, (..., sums) to (...)."""

    def row_kinds(self, figure: str, predictions: Any) -> np.ndarray:
        """(n,) int: rows of equal counts have equal numbers; arguments as of `counts`."""
        counts = self.counts(figure, predictions)
        return np.unique(counts, axis=0, return_inverse=True)[1].reshape(-1)

    def extremes(self, figure: str, predictions: Any) -> tuple[np.ndarray, np.ndarray] | None:
        """The counts of some rows answered wholly right, and of the same answered wholly wrong.

        Where models agree on each of few rows, these keep a bound of their difference from being
        zero (see `kerastc.scores.pairs`).

        Args:
            figure: of `figures`.
            predictions: of the rows that are resampled.

        Returns:
            two arrays (m, sums); None where the figure has no bounds.
        """
        return None

    @abstractmethod
    def kept(self, truth: Any, answers: Answers) -> dict[str, np.ndarray]:
        """What `counts` needs to know of n rows, in few bytes: arrays by name, for an .npz."""

    @abstractmethod
    def of_kept(self, arrays: Mapping[str, np.ndarray]) -> Any:
        """What was kept, for `counts`: an object with `truth`, and `examples`, which is None.

        Raises:
            ValueError, LookupError: where the arrays are not such.
        """

    @abstractmethod
    def same(self, answers: Answers, others: Answers) -> float:
        """The share of the answers that are the same, from 0 to 1."""

    # How they are written.

    @abstractmethod
    def json_rows(
        self, examples: Sequence[Mapping[str, Any]], answers: Answers
    ) -> list[dict[str, Any]]:
        """The answers as `predict --json` prints them, a dict a row.

        Args:
            examples: what stands in front of each answer, by its columns.
            answers: of each.
        """

    @abstractmethod
    def table(
        self, examples: Sequence[Mapping[str, Any]], answers: Answers
    ) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """The answers as `predict` shows them beside the examples: headings, and cells a row."""

    @abstractmethod
    def write_predictions(
        self,
        path: Path,
        columns: Sequence[str],
        examples: Sequence[Any],
        truth: Any,
        answers: Answers,
    ) -> None:
        """Writes predictions/PART.csv.

        Args:
            path: the file.
            columns: of the task.
            examples: n texts, or names of images; of several columns, (n, columns).
            truth, answers: of each.
        """

    @abstractmethod
    def read_predictions(self, path: Path) -> Any:
        """What was written: an object with `examples`, `truth` and `answers`.

        Raises:
            UserError: where the file is missing or broken, or is of other labels.
        """

"""A model's output: the base of `kerastc.outputs.*.scores`.

It is used on devices: only NumPy is imported there.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kerastc.scores.figures import Figure
from kerastc.tensor import Tensor

if TYPE_CHECKING:
    from kerastc.marked import Marked

LENGTH = "length"  # in a shape: the row's number of tokens

# For n rows, by name: an array (n, ...) or, if the shape has a `LENGTH`, a list of n arrays.
Outputs = Mapping[str, np.ndarray | Sequence[np.ndarray]]
Answers = Any  # decoded outputs; opaque to everything but the output


class Output(ABC):
    """A model's answers and how good they are; one instance per model.

    Args:
        labels: the names in labels.txt.
        decoding: what was settled in training and answers depend on, from preprocessing.json; see
            `chosen`.

    Attributes:
        main: by which finalists, early stopping, sweeps, search and comparison rank by default.
        figures: all those that can be compared.
        answer: what each row gets: "class".
        kind, kinds: what its labels are: "class", "classes".
        by_word: whether each word of a text gets an answer, instead of the text as a whole.
    """

    main: ClassVar[Figure]
    figures: ClassVar[tuple[Figure, ...]]
    answer: ClassVar[str]
    kind: ClassVar[str] = "class"
    kinds: ClassVar[str] = "classes"
    by_word: ClassVar[bool] = False

    def __init__(self, labels: Sequence[str], decoding: Mapping[str, Any] | None = None):
        self.labels = tuple(labels)
        self.decoding = dict(decoding or {})

    # The model's outputs.

    @property
    @abstractmethod
    def shapes(self) -> Mapping[str, tuple[int | str, ...]]:
        """The shapes of one row's outputs, by name, in the model's order; see `LENGTH`."""

    def tensors(self, batch: int | None, length: int | None = None) -> tuple[Tensor, ...]:
        """The outputs of a model.

        Args:
            batch: rows per call; None is any.
            length: tokens per row; None is any.
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

    def reduced(self, found: Mapping[str, np.ndarray], targets: np.ndarray) -> Outputs:
        """What answers need of the outputs of a call, where all of them would fill the memory.

        Args:
            found: of a model, (rows, ...) by name.
            targets: of the same rows, as in training.
        """
        return found

    def cut(self, found: Mapping[str, np.ndarray], sizes: Sequence[int] | None = None) -> Outputs:
        """The outputs of a call, without padding.

        Args:
            found: of a model, (rows, ...) by name.
            sizes: tokens of each row; only if an output has a `LENGTH`.
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
        """The outputs of several calls, concatenated."""
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
            rows: the model's input rows, if answers need them: which token belongs to which word.
        """

    def carried(self, outputs: Outputs, rows: Sequence[Any], others: Sequence[Any]) -> Outputs:
        """A teacher's outputs for a student's rows of the same examples, perhaps of other tokens.

        Only for an output with a `LENGTH`; that of any other row is the same.

        Args:
            outputs: of the teacher's rows.
            rows: the teacher's.
            others: the student's.
        """
        raise NotImplementedError

    def chosen(self, truth: Any, answers: Answers) -> Mapping[str, Any]:
        """What `decoding` gets from the answers to validation rows, such as a threshold.

        Args:
            truth, answers: as in `metrics`.
        """
        return {}

    def deciding(self, truth: Any, answers: Answers) -> Self:
        """The output with what `chosen` gives; itself if that is nothing."""
        chosen = self.chosen(truth, answers)
        return type(self)(self.labels, {**self.decoding, **chosen}) if chosen else self

    def decided(self, answers: Answers) -> Answers:
        """Answers that were decoded before `chosen`, as they are with it."""
        return answers

    # How good the answers are.

    @abstractmethod
    def metrics(self, truth: Any, answers: Answers) -> dict[str, Any]:
        """A part of metrics.json: figures in JSON's types, with 95 % intervals.

        Args:
            truth: for n rows, as in labelled examples.
            answers: for the same rows.

        Raises:
            UserError: there are no rows, or answers are not numbers.
        """

    def worth(self, truth: Any, answers: Answers) -> dict[str, Any]:
        """The metrics in benchmark.json: `rows`, and figures with `FIGURE_interval`."""
        metrics = self.metrics(truth, answers)
        found = {"rows": metrics["rows"]}
        for figure in self.figures:
            found[figure.name] = metrics[figure.name]
            found[f"{figure.name}_interval"] = metrics["intervals"][figure.name]
        return found

    @abstractmethod
    def counts(self, figure: str, predictions: Any) -> np.ndarray:
        """What each row adds to the sums that a figure is made of, (n, sums) float64.

        So intervals and paired differences, which resample rows, are independent of the task. With
        many sums it may be a SciPy sparse array.

        Args:
            figure: of `figures`.
            predictions: from `read_predictions` or `of_kept`.
        """

    @abstractmethod
    def of_counts(self, figure: str, sums: np.ndarray) -> np.ndarray:
        """The figure from such sums, (..., sums) to (...)."""

    def row_kinds(self, figure: str, predictions: Any) -> np.ndarray:
        """(n,) int: rows with equal counts have equal numbers; arguments as in `counts`."""
        counts = self.counts(figure, predictions)
        return np.unique(counts, axis=0, return_inverse=True)[1].reshape(-1)

    def extremes(self, figure: str, predictions: Any) -> tuple[np.ndarray, np.ndarray] | None:
        """The counts of some rows if answered wholly right, and if answered wholly wrong.

        If models agree on each of a few rows, these keep the bound of their difference above zero
        (see `kerastc.scores.pairs`).

        Args:
            figure: of `figures`.
            predictions: of the resampled rows.

        Returns:
            two arrays (m, sums); None if the figure has no bounds.
        """
        return None

    @abstractmethod
    def kept(self, truth: Any, answers: Answers) -> dict[str, np.ndarray]:
        """What `counts` needs for n rows, in few bytes: arrays by name, for an .npz."""

    @abstractmethod
    def of_kept(self, arrays: Mapping[str, np.ndarray]) -> Any:
        """Kept arrays for `counts`: an object with `truth`, and with `examples`, which is None.

        Raises:
            ValueError, LookupError: the arrays are wrong.
        """

    def stored(self, answers: Answers) -> dict[str, np.ndarray]:
        """Answers as arrays by name, for an .npz; by default the one array that they are."""
        return {"answers": np.asarray(answers)}

    def of_stored(self, arrays: Mapping[str, np.ndarray], rows: int) -> Answers:
        """The inverse of `stored`, for so many rows.

        Raises:
            ValueError, LookupError: the arrays are wrong.
        """
        found = arrays["answers"]
        if len(found) != rows or found.dtype.kind != "f":
            raise ValueError(f"its answers are {found.dtype} {found.shape}, not of {rows} rows")
        return found

    def learned(self, examples: Sequence[Any]) -> Mapping[str, np.ndarray]:
        """What `against_training` needs of a model's training examples, in few bytes.

        Returns:
            arrays by name, for an .npz; none if there are no figures by them.
        """
        return {}

    def against_training(
        self,
        learned: Sequence[Mapping[str, np.ndarray]],
        examples: Sequence[Any],
        truth: Any,
        answers: Answers,
    ) -> dict[str, Any]:
        """Further metrics of a part: figures by what the training examples have in common with it.

        Args:
            learned: for each example what the model that answered it learned from, of `learned`.
            examples: n that it did not learn from.
            truth, answers: as in `metrics`.
        """
        return {}

    @abstractmethod
    def same(self, answers: Answers, others: Answers) -> float:
        """The share of equal answers, from 0 to 1."""

    # How answers are written.

    @abstractmethod
    def json_rows(
        self, examples: Sequence[Mapping[str, Any]], answers: Answers
    ) -> list[dict[str, Any]]:
        """The answers as printed by `predict --json`, a dict per row.

        Args:
            examples: the columns that precede each answer.
            answers: for each.
        """

    def table(
        self, examples: Sequence[Mapping[str, Any]], answers: Answers
    ) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """The answers as `predict` shows them next to the examples: headings, and cells per row.

        An output has this or `marked`.
        """
        raise NotImplementedError

    def marked(
        self, examples: Sequence[Mapping[str, Any]], answers: Answers
    ) -> "list[Marked] | None":
        """The texts as `predict` shows them if answers are about parts of them; else None."""
        return None

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
            examples: n texts, or names of images; for several columns, (n, columns).
            truth, answers: for each.
        """

    @abstractmethod
    def read_predictions(self, path: Path) -> Any:
        """Reads them back: an object with `examples`, `truth` and `answers`.

        Raises:
            UserError: the file is missing or broken, or has other labels.
        """

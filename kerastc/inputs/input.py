"""The input of a model: the base of `kerastc.inputs.*.encode`.

Devices use it: nothing but NumPy, and what the input itself needs, is imported there.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kerastc.tensor import Tensor

if TYPE_CHECKING:
    from kerastc.text.unseen import Unseen

OWN = "keras"  # the scheme of names that our own models have

# Examples as encoded by an input; rows[i] is one example.
Rows = Sequence[Any]


class Input(ABC):
    """From a user's examples to the arrays of a call; one per model.

    Attributes:
        sample: an example as written on the command line.
        folder: the folder that `read` also needs, next to preprocessing.json in a run and next to
            an exported model; empty if there is none.
        least: tokens of the shortest row: one, and those around it; 0 if rows have no length.
        kept: the file in predictions/ with the examples, if predictions only name them.
        names: the names of a call's arrays, by scheme and by their own name.
    """

    sample: ClassVar[str]
    folder: ClassVar[str] = ""
    least: ClassVar[int] = 0
    kept: ClassVar[str] = ""
    names: ClassVar[Mapping[str, Mapping[str, str]]]

    @classmethod
    @abstractmethod
    def read(cls, settings: Mapping[str, Any], folder: Path | None = None) -> Self:
        """From the content of preprocessing.json, and `folder` if the input has one.

        Raises:
            UserError: naming what is missing or wrong in either.
        """

    @abstractmethod
    def tensors(self, batch: int | None, length: int | None = None) -> tuple[Tensor, ...]:
        """The arrays of a call under their own names.

        Args:
            batch: rows; None is any.
            length: of a row, if rows have one; None is any.
        """

    @staticmethod
    def usual_lengths(settings: Mapping[str, Any]) -> tuple[int, ...]:
        """The lengths of a LiteRT file where none are named, ascending; for rows with a length.

        Args:
            settings: the content of preprocessing.json.
        """
        return (settings["max_tokens"],)

    def check_length(self, length: int) -> None:  # noqa: B027  (most rows take any)
        """Raises a `UserError` if rows cannot be padded to this length."""

    @abstractmethod
    def checked(
        self, examples: Sequence[Any], where: Callable[[int], str] | None = None
    ) -> Sequence[Any]:
        """The examples, checked so that a model can take each.

        Args:
            examples: several.
            where: the user's name for the example with an index, which counts from 0.

        Raises:
            UserError: naming the first that a model cannot take.
        """

    @abstractmethod
    def rows(self, examples: Sequence[Any], length: int | None = None) -> Rows:
        """The examples, encoded as in training, not yet in batches.

        Args:
            examples: as a user gives them.
            length: the greatest length of a row, if rows have one.

        Raises:
            UserError: as in `checked`.
        """

    def sizes(self, rows: Rows) -> Sequence[int] | None:
        """The length of each row; None if rows have none."""
        return None

    @abstractmethod
    def arrays(self, rows: Rows, length: int | None = None) -> dict[str, np.ndarray]:
        """The arrays of one call, by their own names.

        Args:
            rows: of one call; those longer than `length` lose their end.
            length: to which they are padded; the longest by default.

        Raises:
            UserError: a row is not valid for this input.
        """

    def unseen(self, examples: Sequence[Any], length: int | None = None) -> "Unseen | None":
        """What a model does not see of the examples; None if it sees each as a whole."""
        return None

    @abstractmethod
    def probe(self) -> Any:
        """A row of the largest numbers that this input can give: a model must accept it."""

    @staticmethod
    def read_kept(path: Path, part: str) -> Sequence[Any]:
        """The examples of a part in the file `kept`, the first ones of predictions/PART.csv.

        Raises:
            UserError: the file is broken.
        """
        raise NotImplementedError

    @staticmethod
    def write_kept(path: Path, part: str, examples: Sequence[Any]) -> None:
        """Writes a file for `read_kept`."""
        raise NotImplementedError

    def shown(self, example: Any) -> tuple[str, ...]:
        """The cells for an example, or for its name, in predictions: one per column."""
        return (str(example),)

    def scheme(self, given: Sequence[Tensor]) -> Mapping[str, str] | None:
        """A file's input names by their own names; None if they follow no scheme."""
        names = {tensor.name for tensor in given}
        return next((own for own in self.names.values() if set(own.values()) == names), None)

"""What a model is shown: the base of `kerastc.inputs.*.encode`.

It is used on devices: nothing but NumPy, and what the input itself needs, is imported there.
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

# What the encoder of an input makes of examples; rows[i] is that of one example.
Rows = Sequence[Any]


class Input(ABC):
    """From a user's examples to the arrays of a call; one for each model.

    Attributes:
        sample: an example as one would write it on the command line.
        folder: beside preprocessing.json in a run, and beside an exported model, what `read` needs
            as well; empty where that is nothing.
        least: tokens of the shortest row: those around it, and one; 0 where rows have no length.
        kept: beside predictions/, what holds the examples where predictions only name them.
        names: what the arrays of a call are called, by a scheme and by their own name.
    """

    sample: ClassVar[str]
    folder: ClassVar[str] = ""
    least: ClassVar[int] = 0
    kept: ClassVar[str] = ""
    names: ClassVar[Mapping[str, Mapping[str, str]]]

    @classmethod
    @abstractmethod
    def read(cls, settings: Mapping[str, Any], folder: Path | None = None) -> Self:
        """From the content of preprocessing.json, and `folder` where the input has one.

        Raises:
            UserError: naming what is missing or wrong in either.
        """

    @abstractmethod
    def tensors(self, batch: int | None, length: int | None = None) -> tuple[Tensor, ...]:
        """The arrays of a call under their own names.

        Args:
            batch: rows; None is any.
            length: of a row, where rows have one; None is any.
        """

    @abstractmethod
    def checked(
        self, examples: Sequence[Any], where: Callable[[int], str] | None = None
    ) -> Sequence[Any]:
        """The examples, each of which a model can take.

        Args:
            examples: several.
            where: what the user calls the example of an index, which counts from 0.

        Raises:
            UserError: naming the first that a model cannot take.
        """

    @abstractmethod
    def rows(self, examples: Sequence[Any], length: int | None = None) -> Rows:
        """What the model takes of each example, treated as in training, not yet in batches.

        Args:
            examples: as a user gives them.
            length: the most that a row may have, where rows have a length.

        Raises:
            UserError: as `checked` does.
        """

    def sizes(self, rows: Rows) -> Sequence[int] | None:
        """The length of each row; None where rows have none."""
        return None

    @abstractmethod
    def arrays(self, rows: Rows, length: int | None = None) -> dict[str, np.ndarray]:
        """The arrays of one call, by their own names.

        Args:
            rows: of one call; those that are longer than `length` lose their end.
            length: to which they are padded, by default the longest.

        Raises:
            UserError: for a row that this input cannot give.
        """

    def unseen(self, examples: Sequence[Any], length: int | None = None) -> "Unseen | None":
        """What a model does not see of the examples; None where it sees each as a whole."""
        return None

    @abstractmethod
    def probe(self) -> Any:
        """A row of the largest numbers that this input can give: a model has to take it."""

    @staticmethod
    def read_kept(path: Path, part: str) -> Sequence[Any]:
        """The examples of a part in a file called `kept`, the first ones of predictions/PART.csv.

        Raises:
            UserError: where the file is broken.
        """
        raise NotImplementedError

    @staticmethod
    def write_kept(path: Path, part: str, examples: Sequence[Any]) -> None:
        """Writes a file for `read_kept`."""
        raise NotImplementedError

    def shown(self, example: Any) -> tuple[str, ...]:
        """The cells of an example, or of its name, in predictions: one for each of the columns."""
        return (str(example),)

    def scheme(self, given: Sequence[Tensor]) -> Mapping[str, str] | None:
        """The names of the inputs of a file by their own; None where they are of no scheme."""
        names = {tensor.name for tensor in given}
        return next((own for own in self.names.values() if set(own.values()) == names), None)

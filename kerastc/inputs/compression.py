"""What compression asks of an input: the base of `kerastc.inputs.*.compression`.

What a run can do is asked before Keras is imported, so these modules import it where they use it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kerastc.run import Run

if TYPE_CHECKING:
    import keras

    from kerastc.training.batching import Batches
    from kerastc.training.config import TrainingConfig
    from kerastc.training.teacher import Teaching


# The targets of examples, of what the input made of each.
TargetsOf = Callable[[Sequence[Any]], Sequence[Any]]


class CompressedInput(ABC):
    """What a model is shown on its way through the steps, some of which change it.

    Args:
        run: whose model it is at first.
        given: the settings that the first run of its line was trained with.

    Attributes:
        learning_rate: the peak of a step's training that names none; None: the run's own.
        full_rank: a regular expression: layers that low-rank leaves as they are.
        recovery: the step with which a search trains a chain for so many epochs.
        quantizations: the forms in which a search writes a file, the gentlest first.
        beginnings: the chains that a search tries first; see `kerastc.compress.search.space.Space`.
        preprocessing: of the model as it is at present; a step may replace it.
    """

    learning_rate: ClassVar[float | None] = None
    full_rank: ClassVar[str] = ""
    recovery: ClassVar[str] = "recover:epochs={}"
    quantizations: ClassVar[tuple[str, ...]]
    beginnings: ClassVar[tuple[Mapping[str, float], ...]]

    def __init__(self, run: Run, given: "TrainingConfig"):
        self.given = given
        self.preprocessing: dict[str, Any]
        self.read(run)

    @property
    def config(self) -> "TrainingConfig":
        """The settings, as they are for the present model."""
        return self.given

    def read(self, run: Run) -> None:
        """Takes what belongs to a model from a run, or from the folder of a step."""
        self.preprocessing = run.read_json("preprocessing.json")

    @abstractmethod
    def write(self, run: Run) -> None:
        """Writes there what is beside the model and preprocessing.json."""

    @abstractmethod
    def batches(self, examples: Sequence[Any], targets_of: TargetsOf) -> "Batches":
        """Examples as they are, in their order."""

    @abstractmethod
    def training_batches(
        self,
        examples: Sequence[Any],
        targets_of: TargetsOf,
        config: "TrainingConfig",
        teaching: "Teaching",
    ) -> "Batches":
        """Examples as a training sees them: in another order each epoch, perhaps changed."""

    def taught_apart(self, examples: Sequence[Any], config: "TrainingConfig") -> bool:
        """Whether a teacher is asked once about the examples; else about each batch as it is."""
        return True

    @abstractmethod
    def unlabelled(self, splits: Any, teaching: "Teaching") -> np.ndarray:
        """The further examples that a training learns from, without labels, (n, ...).

        Raises:
            UserError: where what `teaching.unlabelled` names has none.
        """

    def built(self, splits: Any, given: Mapping[str, Any], seed: int) -> "keras.Model":
        """A model of random weights, where there are `Capability.CONVOLUTIONS`.

        Args:
            splits: the data.
            given: settings of its architecture that are others than those of the run.
            seed: of its weights.
        """
        raise NotImplementedError

    def with_backbone(self, splits: Any, backbone: str, seed: int) -> "keras.Model":
        """A model on another pretrained encoder, where there are `Capability.TOKENS`.

        What the encoder reads, its tokenizer and its length, are those of the model from now on.
        """
        raise NotImplementedError

    @abstractmethod
    def names(self, rows: Any) -> np.ndarray:
        """What predictions/PART.csv calls labelled rows, (n,) object."""

    @abstractmethod
    def content(self, examples: Sequence[Any]) -> Iterable[bytes]:
        """What tells these examples from others."""

    @abstractmethod
    def figures(self, splits: Any) -> dict[str, Any]:
        """What the metrics of a compressed run say of its data, beside what all runs say."""

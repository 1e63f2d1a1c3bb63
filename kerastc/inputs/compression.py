"""What compression needs of an input: the base of `kerastc.inputs.*.compression`.

A run's capabilities are needed before Keras is imported, so these modules import it where used.
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


# The targets of examples, given the input's version of each.
TargetsOf = Callable[[Sequence[Any]], Sequence[Any]]


class CompressedInput(ABC):
    """The input of a model on its way through the steps, some of which change it.

    Args:
        run: the run whose model it is at first.
        given: the settings that the first run of its line was trained with.

    Attributes:
        learning_rate: the peak for a step's training that names none; None: the run's own.
        recovery: the step with which a search trains a chain for a number of epochs.
        quantizations: the forms in which a search writes a file, the gentlest first.
        beginnings: the chains that a search tries first; see `kerastc.compress.search.space.Space`.
        preprocessing: of the current model; a step may replace it.
    """

    learning_rate: ClassVar[float | None] = None
    recovery: ClassVar[str] = "recover:epochs={}"
    quantizations: ClassVar[tuple[str, ...]]
    beginnings: ClassVar[tuple[Mapping[str, float], ...]]

    def __init__(self, run: Run, given: "TrainingConfig"):
        self.given = given
        self.preprocessing: dict[str, Any]
        self.read(run)

    @property
    def config(self) -> "TrainingConfig":
        """The settings for the current model."""
        return self.given

    def read(self, run: Run) -> None:
        """Loads the files of a model from a run, or from the folder of a step."""
        self.preprocessing = run.read_json("preprocessing.json")

    @abstractmethod
    def write(self, run: Run) -> None:
        """Writes the files that go with the model and preprocessing.json."""

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
        """Examples as in training: in another order each epoch, possibly augmented."""

    def taught_apart(self, examples: Sequence[Any], config: "TrainingConfig") -> bool:
        """Whether a teacher labels the examples once, or else each batch as it comes."""
        return True

    @abstractmethod
    def unlabelled(self, splits: Any, teaching: "Teaching") -> np.ndarray:
        """The further examples without labels for a training, (n, ...).

        Raises:
            UserError: the source in `teaching.unlabelled` has none.
        """

    def joined(self, examples: Any, more: Any) -> Any:
        """Examples with the further ones of `unlabelled` behind them."""
        return np.concatenate([examples, more])

    def full_rank(self, model: "keras.Model") -> "Sequence[keras.layers.Layer]":
        """The layers of a model that low-rank leaves as they are."""
        return ()

    def built(self, splits: Any, given: Mapping[str, Any], seed: int) -> "keras.Model":
        """A model with random weights, if there are `Capability.CONVOLUTIONS`.

        Args:
            splits: the data.
            given: settings of its architecture that differ from the run's.
            seed: for its weights.
        """
        raise NotImplementedError

    def with_backbone(self, splits: Any, backbone: str, seed: int) -> "keras.Model":
        """A model on another pretrained encoder, if there are `Capability.TOKENS`.

        From now on the model has this encoder's tokenizer and length.
        """
        raise NotImplementedError

    @abstractmethod
    def names(self, rows: Any) -> np.ndarray:
        """The names of labelled rows in predictions/PART.csv, (n,) object."""

    @abstractmethod
    def content(self, examples: Sequence[Any]) -> Iterable[bytes]:
        """A fingerprint of these examples."""

    @abstractmethod
    def figures(self, splits: Any) -> dict[str, Any]:
        """What the metrics of a compressed run add on its data."""

"""Uses a finished run on a user's texts."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

import kerastc.models.conversion
import kerastc.models.text_classifier  # noqa: F401  (these register the layers of model.keras)
from kerastc.data.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.run import Run
from kerastc.softmax import softmax
from kerastc.text.preprocessing import Preprocessing
from kerastc.training.batching import TextBatches
from kerastc.training.predicting import predict

BATCH = 32


class Predictor:
    """A run's model with all that turns a text into its input.

    Args:
        run: a finished run of a text recipe.

    Raises:
        UserError: where the run lacks a part, or a part is broken.
    """

    def __init__(self, run: Run):
        self.run = run
        preprocessing = run.read_json("preprocessing.json")
        if preprocessing.get("kind") != "text":
            raise UserError(f"{run.folder} is no run of a text recipe.")
        self.classes = tuple(_required(run, "labels.txt").read_text("utf-8").splitlines())
        self.model = load_model(_required(run, "model.keras"))
        self.preprocessing = Preprocessing.read(preprocessing, _required(run, "tokenizer"))

    @property
    def name(self) -> str:
        """The run, in words."""
        return str(self.run.folder)

    @property
    def parameters(self) -> int:
        """Of the model."""
        return self.model.count_params()

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """The class probabilities, (texts, classes) float64, of texts treated as in training."""
        return softmax(self.logits(texts))

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """What the model says before the softmax, (texts, classes) float32."""
        tokens = self.preprocessing.tokens(texts)
        none = np.zeros((len(tokens), 0), "float32")
        batches = TextBatches(tokens, self.preprocessing.tokenizer.pad, none, BATCH)
        return predict(self.model, batches, "Predicting")

    def matching(self, texts: LabelledTexts) -> LabelledTexts:
        """Labelled texts with their labels renumbered to this run's classes.

        Raises:
            UserError: naming the classes that the run does not know.
        """
        return texts.matching(self.classes, self.run.folder)


def load_model(path: Path) -> keras.Model:
    """Reads a model.keras, whose layers must be ours, Keras's or KerasHub's.

    Raises:
        UserError: where the file is broken or holds anything else.
    """
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        # Keras puts the whole configuration in front of its reason.
        raise UserError(f"{path} cannot be loaded: {str(error).splitlines()[-1][:300]}") from None


def _required(run: Run, name: str) -> Path:
    path = run.path(name)
    if not path.exists():
        raise UserError(
            f"{path} is missing: the run stands {run.standing()}.",
            f"Go on with it: {run.resume_command}",
        )
    return path

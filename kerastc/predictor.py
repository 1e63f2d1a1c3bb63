"""Uses a finished run on a user's texts or images."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

import kerastc.models.conversion
import kerastc.models.fused_norm
import kerastc.models.text_classifier  # noqa: F401  (these register the layers of model.keras)
from kerastc.data.images import LabelledImages
from kerastc.data.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.images.preprocessing import ImagePreprocessing
from kerastc.kinds import KINDS, kind_of
from kerastc.run import Run
from kerastc.softmax import softmax
from kerastc.text.preprocessing import Preprocessing
from kerastc.training.batching import TextBatches
from kerastc.training.image_batches import ImageBatches
from kerastc.training.predicting import predict

BATCH = 32


class _RunModel:
    """A run's model and its classes; see `Predictor` and `ImagePredictor`."""

    kind: str

    def __init__(self, run: Run):
        self.run = run
        if (kind := kind_of(run)) != self.kind:
            raise UserError(f"{run.folder} classifies {KINDS[kind]}, not {KINDS[self.kind]}.")
        self.classes = tuple(_required(run, "labels.txt").read_text("utf-8").splitlines())
        self.model = load_model(_required(run, "model.keras"))

    @property
    def name(self) -> str:
        """The run, in words."""
        return str(self.run.folder)

    @property
    def parameters(self) -> int:
        """Of the model."""
        return self.model.count_params()


class Predictor(_RunModel):
    """A run's model with all that turns a text into its input.

    Args:
        run: a finished run of a text recipe.

    Raises:
        UserError: where the run lacks a part, or a part is broken.
    """

    kind = "text"

    def __init__(self, run: Run):
        super().__init__(run)
        self.preprocessing = Preprocessing.read(
            run.read_json("preprocessing.json"), _required(run, "tokenizer")
        )

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


class ImagePredictor(_RunModel):
    """A run's model with all that turns an image into its input.

    Args:
        run: a finished run of an image recipe.

    Raises:
        UserError: where the run lacks a part, or a part is broken.
    """

    kind = "image"

    def __init__(self, run: Run):
        super().__init__(run)
        self.preprocessing = ImagePreprocessing.read(run.read_json("preprocessing.json"))

    def probabilities(self, images: np.ndarray | Sequence[np.ndarray | str | Path]) -> np.ndarray:
        """The class probabilities, (images, classes) float64; images as in `logits`."""
        return softmax(self.logits(images))

    def logits(self, images: np.ndarray | Sequence[np.ndarray | str | Path]) -> np.ndarray:
        """What the model says before the softmax, (images, classes) float32.

        Args:
            images: (images, height, width, channels) uint8, or image files, which are resized.
        """
        pixels = self.preprocessing.pixels(images)
        none = np.zeros((len(pixels), 0), "float32")
        return predict(self.model, ImageBatches(pixels, none, BATCH), "Predicting")

    def matching(self, images: LabelledImages) -> LabelledImages:
        """Labelled images with their labels renumbered to this run's classes.

        Raises:
            UserError: naming the classes that the run does not know.
        """
        return images.matching(self.classes, self.run.folder)


def predictor_of(run: Run) -> Predictor | ImagePredictor:
    """What a finished run classifies with; errors as in `Predictor`."""
    return {"text": Predictor, "image": ImagePredictor}[kind_of(run)](run)


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

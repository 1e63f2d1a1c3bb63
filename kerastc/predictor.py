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
from kerastc.inputs.image.batches import ImageBatches
from kerastc.inputs.text.batches import TextBatches
from kerastc.kinds import KINDS, kind_of
from kerastc.run import Run
from kerastc.scores.softmax import softmax
from kerastc.text.given import checked_texts
from kerastc.text.preprocessing import Preprocessing
from kerastc.text.unseen import Unseen
from kerastc.training.predicting import predict

BATCH = 32


class _RunModel:
    """A run's model and its classes; see `Predictor` and `ImagePredictor`."""

    kind: str

    def __init__(self, run: Run):
        self.run = run
        if (kind := kind_of(run)) != self.kind:
            raise UserError(f"{run.folder} classifies {KINDS[kind]}, not {KINDS[self.kind]}.")
        self.classes = run.classes
        self.model = load_model(run.required("model.keras"))
        outputs = self.model.output_shape
        if not isinstance(outputs, tuple) or outputs[-1] != len(self.classes):
            raise UserError(
                f"{run.path('model.keras')} gives {outputs}, which does not fit the "
                f"{len(self.classes)} classes of {run.path('labels.txt')}.",
                "One of the two is of another run.",
            )

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
            run.read_json("preprocessing.json"), run.required("tokenizer")
        )

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """The class probabilities, (texts, classes) float64, of texts treated as in training."""
        return softmax(self.logits(texts))

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """What the model says before the softmax, (texts, classes) float32.

        Raises:
            UserError: as `checked_texts` does.
        """
        tokens = self.preprocessing.tokens(checked_texts(texts))
        none = np.zeros((len(tokens), 0), "float32")
        batches = TextBatches(tokens, self.preprocessing.tokenizer.pad, none, BATCH)
        return predict(self.model, batches, "Predicting")

    def unseen(self, texts: Sequence[str]) -> Unseen:
        """What the model does not see of the texts; errors as in `logits`."""
        return self.preprocessing.unseen(checked_texts(texts))

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
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except MemoryError:
        raise
    except Exception as error:  # Keras, h5py, zipfile and the layers' code raise whatever they like
        # Keras puts the whole configuration in front of its reason.
        reason = (str(error).splitlines() or [""])[-1][:300] or type(error).__name__
        raise UserError(f"{path} cannot be loaded: {reason}", "It is damaged.") from None
    if not isinstance(model, keras.Model):
        raise UserError(f"{path} holds a {type(model).__name__}, which is no model.")
    return model

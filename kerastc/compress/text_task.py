"""A text run as compression sees it: its data, its tokenizer, its teacher."""

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from kerastc.data.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.models import compact
from kerastc.predictor import Predictor
from kerastc.run import Run
from kerastc.text.tokens import Tokenizer, load_tokenizer
from kerastc.training.arrays import appearing
from kerastc.training.batching import TextBatches
from kerastc.training.config import TextClassifierConfig
from kerastc.training.text import save, text_batches

if TYPE_CHECKING:
    from kerastc.data.splits import Splits


class TextTask:
    """What turns the rows of a run into the inputs of its model, on the way through the steps.

    Args:
        parent: the run that is compressed.
        original: the first run of the line: the teacher.
        config: of the original.
        splits: the data of both.

    Attributes:
        tokenizer, preprocessing: of the model as it is at present; a step may replace them.
    """

    def __init__(self, parent: Run, original: Run, config: TextClassifierConfig, splits: "Splits"):
        self.parent = parent
        self.original = original
        self.splits = splits
        self.tokenizer: Tokenizer
        self.preprocessing: dict[str, Any]
        self.read_preprocessing(parent)
        self.config = config.model_copy(update={"max_tokens": self.preprocessing["max_tokens"]})

    def read_preprocessing(self, run: Run) -> None:
        """Takes tokenizer and preprocessing from a run, or from the folder of a step."""
        self.tokenizer = load_tokenizer(run.path("tokenizer"))
        self.preprocessing = run.read_json("preprocessing.json")

    def save(self, model: keras.Model, run: Run) -> None:
        """Writes model.keras, tokenizer/ and preprocessing.json."""
        save(model, self.tokenizer, self.preprocessing, run)

    @staticmethod
    def compact(model: keras.Model) -> keras.Model:
        """The model in the form whose parts can be replaced; its logits stay."""
        return compact(model)

    def batches(self, part: str) -> TextBatches:
        """The rows of "train", "validation" or "test" in order, one-hot targets, no masking."""
        return text_batches(getattr(self.splits, part), self.tokenizer, self.config)

    def calibration(self, rows: int, seed: int) -> TextBatches:
        """So many training rows, drawn at random."""
        return self.batches("train").sample(rows, seed)

    @cached_property
    def teacher(self) -> Predictor:
        """The original run, which keeps its own tokenizer."""
        return Predictor(self.original)

    def teacher_logits(self, texts: LabelledTexts) -> np.ndarray:
        """The original's logits, (texts, classes) float32; kept in the cache for every child."""
        digest = hashlib.sha256(self.original.path("model.keras").read_bytes())
        for text in texts.texts:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
        path = self.parent.cache / "teachers" / f"{digest.hexdigest()[:32]}.npy"
        try:
            return np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            logits = self.teacher.logits(texts.texts).astype("float32")
            with appearing(path) as temporary:
                np.save(temporary, logits, allow_pickle=False)
            return logits


def text_task(parent: Run, original: Run, config: Any, splits: "Splits") -> TextTask:
    """The task of a run.

    Raises:
        UserError: where it is no text run.
    """
    if parent.read_json("preprocessing.json").get("kind") != "text":
        raise UserError(f"{parent.folder} is no run of a text recipe; only those are compressed.")
    return TextTask(parent, original, config, splits)

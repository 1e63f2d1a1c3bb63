"""A text run as compression sees it: its data, its tokenizer, its teacher."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from kerastc.compress.augmentation import spliced
from kerastc.compress.task import Task
from kerastc.data.duplicates import normal_text
from kerastc.data.reading import Reading
from kerastc.data.text_file import further_texts
from kerastc.data.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.inputs.text.batches import TextBatches, text_batches
from kerastc.models import compact
from kerastc.outputs.classes.head import NO_LABEL, with_teacher
from kerastc.predictor import Predictor, predictor_of
from kerastc.run import Run
from kerastc.text.tokenizer import Tokenizer
from kerastc.training.config import TextClassifierConfig
from kerastc.training.teacher import Teaching
from kerastc.training.text import save

if TYPE_CHECKING:
    from kerastc.data.splits import Splits


class TextTask(Task):
    """See `Task`.

    Attributes:
        tokenizer: of the model as it is at present; a step may replace it.
    """

    kind = "text"
    learning_rate = 1e-4
    config: TextClassifierConfig
    tokenizer: Tokenizer

    def __init__(self, parent: Run, original: Run, config: TextClassifierConfig, splits: "Splits"):
        super().__init__(parent, original, config, splits)
        self.config = config.model_copy(update={"max_tokens": self.preprocessing["max_tokens"]})

    def read_preprocessing(self, run: Run) -> None:
        super().read_preprocessing(run)
        self.tokenizer = Tokenizer.read(run.path("tokenizer"))

    def save(self, model: keras.Model, run: Run) -> None:
        save(model, self.tokenizer, self.preprocessing, run)

    @staticmethod
    def compact(model: keras.Model) -> keras.Model:
        return compact(model)

    def given(self, part: str) -> np.ndarray:
        return getattr(self.splits, part).examples

    def names(self, part: str) -> np.ndarray:
        return self.given(part)

    def batches(self, part: str) -> TextBatches:
        return text_batches(getattr(self.splits, part), self.tokenizer, self.config)

    def training_batches(self, teaching: Teaching, config: TextClassifierConfig) -> TextBatches:
        train, more = self.splits.train, self._more(teaching)
        texts = LabelledTexts(
            np.concatenate([train.examples, more]),
            np.concatenate([train.labels, np.zeros(len(more), "int32")]),
            train.classes,
            train.source,
        )
        if teaching.masking is not None:
            config = config.model_copy(update={"masking": teaching.masking})
        batches = text_batches(texts, self.tokenizer, config, config.seed)
        batches.targets[len(train) :] = NO_LABEL  # the teacher alone says what they are
        logits = (
            self.teacher_logits(texts.examples) if teaching.soft else self.no_logits(len(texts))
        )
        batches.targets = with_teacher(batches.targets, logits)
        return batches

    @property
    def figures(self) -> dict[str, Any]:
        return {"max_tokens": self.preprocessing["max_tokens"]}

    def _more(self, teaching: Teaching) -> np.ndarray:
        """The texts that have no label, (n,) object."""
        more = [np.array([], dtype=object)]
        if teaching.augment:
            own = self.splits.train.examples
            more.append(spliced(own, teaching.augment * len(own), teaching.seed))
        if teaching.unlabelled:
            more.append(self._unlabelled(teaching.unlabelled))
        return np.concatenate(more)

    def _unlabelled(self, path: str) -> np.ndarray:
        """The texts of a file, less those that validation or test has."""
        parts = [getattr(self.splits, part) for part in self.parts]
        apart = set().union(*(self._seen(part.examples) for part in parts))
        texts = np.array(further_texts(path, Reading.of(self.preprocessing)), dtype=object)
        texts = texts[[text not in apart for text in self._seen(texts)]]
        if not len(texts):
            raise UserError(f"{path} has no text that is not in validation or test, too.")
        return texts

    def _seen(self, texts: Sequence[str]) -> list[str]:
        """What the model sees of each text, less case and punctuation."""
        return [normal_text(text) for text in self.config.seen(texts)]

    @cached_property
    def _teacher(self) -> Predictor:
        """The original run, which keeps its own tokenizer."""
        return predictor_of(self.original)

    def _logits(self, examples: Sequence[str]) -> np.ndarray:
        return self._teacher.outputs(self._teacher.rows(examples))["logits"]

    def _bytes(self, examples: Sequence[str]) -> Iterator[bytes]:
        return (text.encode("utf-8", "surrogatepass") + b"\0" for text in examples)

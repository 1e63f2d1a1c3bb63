"""The fields of recipes that train on questions about contexts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pydantic

from kerastc.outputs.spans.decoding import LONGEST
from kerastc.outputs.spans.scores import LONGEST_OF
from kerastc.text.preparation import TextPreparation
from kerastc.text.questions import encoded_questions, most_of_question
from kerastc.training.config import Count, FineTuningConfig, Natural, Tokens

if TYPE_CHECKING:
    from kerastc.text.encoded import Encoded
    from kerastc.text.tokenizer import Tokenizer


class QuestionConfig(FineTuningConfig):
    """A pretrained encoder that reads a question and a window of its context at once."""

    task: ClassVar[str] = "question-answering"
    pairs: ClassVar[bool] = True

    max_tokens: Tokens = 384  # of a question and a window of its context together
    stride: Natural = 128  # tokens of a context that two windows share
    longest_answer: Count = LONGEST  # tokens

    @pydantic.model_validator(mode="after")
    def of_spans(self) -> "QuestionConfig":
        """Refuses what has no meaning for answers in a text."""
        given = {
            "pooling": self.pooling != "mean",
            "hidden": self.hidden is not None,
            "head": self.head != "new",
            "class_weights": self.class_weights != "none",
            "preparation": self.preparation != TextPreparation(),
        }
        if names := [name for name, is_given in given.items() if is_given]:
            raise ValueError(f"{', '.join(names)}: for whole texts, not for places in them.")
        if self.max_tokens is None:
            raise ValueError("max_tokens=none: windows have a length; give a number.")
        return self

    @property
    def decoding(self) -> dict[str, Any]:
        return {LONGEST_OF: self.longest_answer}

    def prepared(self, texts: Sequence[Sequence[str]]) -> np.ndarray:
        """The questions and contexts as they are, (n, 2) object."""
        return np.asarray(texts, object).reshape(-1, 2)

    def encoded(
        self, tokenizer: "Tokenizer", texts: Sequence[Sequence[str]], length: int
    ) -> "Encoded":
        """The tokens of each question with windows of its context."""
        return encoded_questions(tokenizer, texts, length, self.stride)

    def cut_after(self, tokenizer: "Tokenizer") -> int:
        """The most tokens of a question; contexts are not cut."""
        return most_of_question(tokenizer, self.max_tokens)

    def seen(self, texts: Sequence[Sequence[str]]) -> np.ndarray:
        """The questions and contexts, of which a model sees all, (n, 2) object."""
        return self.prepared(texts)

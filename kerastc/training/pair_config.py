"""The fields of recipes that train on pairs of texts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kerastc.text.cutting import first_words
from kerastc.training.config import FineTuningConfig, Tokens

if TYPE_CHECKING:
    from kerastc.text.encoded import Encoded
    from kerastc.text.tokenizer import Tokenizer

MARKS = 3  # of a pair: at its start, between its texts, at its end; some models have a fourth


class PairClassifierConfig(FineTuningConfig):
    """A pretrained encoder that reads both texts of a pair at once, with a classification head."""

    task: ClassVar[str] = "pair-classification"
    pairs: ClassVar[bool] = True

    max_tokens: Tokens = 128  # of both texts together; none: covers 99.7 % of the pairs

    @classmethod
    def usual(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """The first token, and a faster head, where the encoder learns to compare two texts."""
        trainable = given.get("trainable", cls.model_fields["trainable"].default)
        own = {} if trainable == "head" else {"pooling": "first", "head_rate": 10.0}
        return own | super().usual(given)

    def prepared(self, texts: Sequence[Sequence[str]]) -> np.ndarray:
        """The pairs given to the tokenizer, (n, 2) object."""
        return self.preparation.apply(np.ravel(texts)).reshape(-1, 2)

    def encoded(
        self, tokenizer: "Tokenizer", texts: Sequence[Sequence[str]], length: int
    ) -> "Encoded":
        """The tokens of each pair, prepared and cut to a length."""
        prepared = self.prepared(texts)
        return tokenizer.encode(prepared[:, 0], length, prepared[:, 1])

    def seen(self, texts: Sequence[Sequence[str]]) -> np.ndarray:
        """The most that the model can see of each pair, (n, 2) object: prepared and cut.

        The longer text of a pair is cut first. A word has at least one token, so with `room`
        tokens for both, a text is not seen beyond the room that the other's words leave, or
        beyond half of it.
        """
        shown = replace(self.preparation, capitals=False).apply(np.ravel(texts)).reshape(-1, 2)
        if self.max_tokens:
            room = self.max_tokens - MARKS
            for pair in shown:
                first, second = (len(text.split()) for text in pair)
                pair[0] = first_words(pair[0], max(room - second, (room + 1) // 2))
                pair[1] = first_words(pair[1], max(room - first, (room + 1) // 2))
        return shown

"""The preprocessing of a user's text for a model, as defined in a run's preprocessing.json."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from kerastc.errors import UserError
from kerastc.text.cutting import cut_at_word
from kerastc.text.encoded import Encoded
from kerastc.text.preparation import TextPreparation
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.unseen import Unseen, unseen
from kerastc.text.word_rules import RULES, SPACES
from kerastc.text.words import encoded_words


@dataclass(frozen=True)
class Preprocessing:
    """Texts to token ids, the same in training, in prediction and on a device.

    Args:
        tokenizer: the model's.
        max_tokens: the most tokens of a text, start and end tokens included; the rest is cut.
        max_characters: length to which a text is cut first of all; 0 leaves it whole.
        preparation: the steps before the tokenizer.
        words: the rule of `word_rules` that divides texts into words, each of which gets an answer;
            tokens then have the numbers of their words. Empty if a text has one answer.
        stride: tokens that a window of a text repeats from the end of the previous one, so that
            nothing is cut; None cuts instead.
    """

    units: ClassVar[str] = "texts"

    tokenizer: Tokenizer
    max_tokens: int
    max_characters: int
    preparation: TextPreparation
    words: str = ""
    stride: int | None = None

    @classmethod
    def read(cls, values: Mapping[str, Any], tokenizer: Path) -> Self:
        """From the content of preprocessing.json, and the folder of the tokenizer.

        Raises:
            UserError: naming what is missing or wrong in either.
        """
        for name, least in (("max_tokens", 3), ("max_characters", 0)):
            value = values.get(name)
            if type(value) is not int or value < least:
                raise UserError(
                    f"preprocessing.{name}={value!r} is not allowed: it takes a whole number of "
                    f"at least {least}."
                )
        stride = values.get("stride")
        if stride is not None and (type(stride) is not int or stride < 0):
            raise UserError(f"preprocessing.stride={stride!r} is not a whole number of tokens.")
        preparation = values.get("preparation")
        if not isinstance(preparation, Mapping):
            raise UserError(f"preprocessing.preparation={preparation!r} is not a group of fields.")
        return cls(
            Tokenizer.read(tokenizer),
            values["max_tokens"],
            values["max_characters"],
            TextPreparation.of(preparation),
            _word_rule(values.get("words", "")),
            stride,
        )

    def tokens(self, texts: Sequence[str], length: int | None = None) -> Encoded:
        """Token ids of each text, unpadded; of its windows if there is a stride.

        Args:
            texts: as a user gives them.
            length: the most tokens, if the model takes fewer than `max_tokens`.
        """
        if self.words:
            most, prepared = self.most(length), self.preparation.apply
            stride = self.tokenizer.possible_stride(self.stride, most)
            return encoded_words(self.tokenizer, texts, most, prepared, stride, self.words)
        return self.tokenizer.encode(self.prepared(texts), self.most(length))

    def unseen(self, texts: Sequence[str], length: int | None = None) -> Unseen:
        """What a model does not see of the texts; arguments as in `tokens`."""
        long = np.array([self._is_long(text) for text in texts], bool)
        tokens, unknown = self.tokens(texts, length), self.tokenizer.unknown_id
        return unseen(
            tokens, unknown, self.most(length), long, self.max_characters, units=self.units
        )

    def most(self, length: int | None) -> int:
        """The most tokens of a row, if the model takes at most `length`."""
        return min(self.max_tokens, length or self.max_tokens)

    def _is_long(self, text: str) -> bool:
        most = self.max_characters
        return 0 < most < len(text) and most < len(" ".join(text.split()))

    def prepared(self, texts: Sequence[str]) -> Sequence[str]:
        """The texts as the tokenizer gets them."""
        if self.max_characters:
            texts = [cut_at_word(text, self.max_characters) for text in texts]
        return self.preparation.apply(texts)


def _word_rule(stored: Any) -> str:
    """The rule that is stored; runs of 2026 without one divide texts at white space."""
    if stored is True:
        return SPACES
    if stored and stored not in RULES:
        raise UserError(
            f"preprocessing.words={stored!r} is no rule for words; known are {', '.join(RULES)}.",
            "If a newer kerastc wrote it: pip install --upgrade kerastc",
        )
    return stored or ""

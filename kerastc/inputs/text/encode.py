"""Texts, from a user's strings to the token ids of a call."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from kerastc.errors import UserError
from kerastc.inputs.input import OWN, Input
from kerastc.tensor import Tensor
from kerastc.text.encoded import Encoded, Row
from kerastc.text.given import checked_texts
from kerastc.text.preprocessing import Preprocessing
from kerastc.text.unseen import Unseen

IDS, MASK = "token_ids", "padding_mask"


class TextInput(Input):
    """Texts as token ids, and 1 for tokens, 0 for padding.

    Args:
        preprocessing: texts to token ids.

    Attributes:
        segments: whether the model takes the number of each token's text.
    """

    segments = False
    sample = '"a text"'
    folder = "tokenizer"
    least = 3
    names = {
        OWN: {IDS: IDS, MASK: MASK},
        "hugging-face": {IDS: "input_ids", MASK: "attention_mask"},
    }

    def __init__(self, preprocessing: Preprocessing):
        self.preprocessing = preprocessing

    @classmethod
    def read(cls, settings: Mapping[str, Any], folder: Path | None = None) -> Self:
        return cls(Preprocessing.read(settings, folder))

    def tensors(self, batch: int | None, length: int | None = None) -> tuple[Tensor, ...]:
        """Each (batch, length) int32."""
        return tuple(Tensor(name, (batch, length), "int32") for name in (IDS, MASK))

    def checked(
        self, examples: Sequence[str], where: Callable[[int], str] | None = None
    ) -> list[str]:
        """See `checked_texts`."""
        return checked_texts(examples, where) if where else checked_texts(examples)

    def rows(self, examples: Sequence[str], length: int | None = None) -> Encoded:
        return self.preprocessing.tokens(self.checked(examples), length)

    def sizes(self, rows: Encoded | Sequence[Row | np.ndarray]) -> list[int]:
        return Encoded.of(rows).lengths.tolist()

    def arrays(
        self, rows: Encoded | Sequence[Row | np.ndarray], length: int | None = None
    ) -> dict[str, np.ndarray]:
        rows = Encoded.of(rows)
        if length is not None:
            rows = self.first(rows, length)
        size, ids = self.preprocessing.tokenizer.vocabulary_size, rows.ids.values
        if len(ids) and not 0 <= ids.min() <= ids.max() < size:
            wrong = int(ids.min() if ids.min() < 0 else ids.max())
            raise UserError(f"There is no token {wrong}: ids go from 0 to {size - 1}.")
        return self.padded(rows, length)

    def first(self, rows: Encoded, length: int) -> Encoded:
        """The rows, cut to what a row of this length holds."""
        return rows.first(length)

    def padded(self, rows: Encoded, length: int | None) -> dict[str, np.ndarray]:
        """The arrays of rows that are not longer; see `Tokenizer.pad`."""
        return self.preprocessing.tokenizer.pad(rows, length, self.segments)

    def unseen(self, examples: Sequence[str], length: int | None = None) -> Unseen:
        return self.preprocessing.unseen(self.checked(examples), length)

    def probe(self) -> np.ndarray:
        return np.full(3, self.preprocessing.tokenizer.vocabulary_size - 1, np.int32)


INPUT = TextInput

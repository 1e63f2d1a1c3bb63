"""Pairs of texts, from a user's strings to the token ids of a call."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from kerastc.errors import UserError
from kerastc.inputs.text.encode import IDS, MASK, TextInput
from kerastc.tensor import Tensor
from kerastc.text.encoded import Encoded, Row
from kerastc.text.given import checked_texts
from kerastc.text.preprocessing import Preprocessing

SEGMENTS = "segment_ids"


class PairPreprocessing(Preprocessing):
    """Pairs to token ids: both texts in one row, with the tokenizer's special tokens between."""

    units = "pairs"

    def tokens(self, texts: Sequence[Sequence[str]], length: int | None = None) -> Encoded:
        """Token ids of each pair, unpadded; if a pair is too long, its longer text is cut.

        Args:
            texts: (n, 2), as a user gives them.
            length: the most tokens, if the model takes fewer than `max_tokens`.
        """
        prepared = self.prepared([text for pair in texts for text in pair])
        return self.tokenizer.encode(prepared[::2], self.most(length), prepared[1::2])


class PairInput(TextInput):
    """Pairs of texts as token ids, and 1 for tokens, 0 for padding; if the model has segments,
    also 0 for tokens of the first text and 1 for those of the second.

    Args:
        preprocessing: pairs to token ids.
        segments: whether the model has them.

    Attributes:
        prepares: the class of `preprocessing`.
        called: what an example and its parts are called in errors.
        shape: how examples are given.
    """

    sample = '"a text" "another text"'
    least = 5
    names = {
        own: {**names, SEGMENTS: segments}
        for (own, names), segments in zip(
            TextInput.names.items(), (SEGMENTS, "token_type_ids"), strict=True
        )
    }

    prepares: ClassVar[type[PairPreprocessing]] = PairPreprocessing
    called: ClassVar[tuple[str, str, str]] = ("a pair of texts", "first text", "second text")
    shape: ClassVar[str] = 'Give a list of pairs: [("a text", "another text"), ...].'

    def __init__(self, preprocessing: PairPreprocessing, segments: bool):
        super().__init__(preprocessing)
        self.segments = segments
        if not segments:
            self.names = TextInput.names

    @classmethod
    def read(cls, settings: Mapping[str, Any], folder: Path | None = None) -> Self:
        segments = settings.get("segments")
        if not isinstance(segments, bool):
            raise UserError(f"preprocessing.segments={segments!r} is neither true nor false.")
        return cls(cls.prepares.read(settings, folder), segments)

    def tensors(self, batch: int | None, length: int | None = None) -> tuple[Tensor, ...]:
        """Each (batch, length) int32."""
        names = (IDS, MASK, SEGMENTS) if self.segments else (IDS, MASK)
        return tuple(Tensor(name, (batch, length), "int32") for name in names)

    def checked(
        self, examples: Sequence[Sequence[str]], where: Callable[[int], str] | None = None
    ) -> list[tuple[str, str]]:
        """The pairs, checked to be two texts each that a model can take; see `checked_texts`."""
        where = where or f"{self.prepares.units}[{{}}]".format
        whole, *parts = self.called
        pairs = list(examples)
        for index, pair in enumerate(pairs):
            if isinstance(pair, str | bytes) or not hasattr(pair, "__len__") or len(pair) != 2:
                raise UserError(f"{where(index)} is not {whole}.", self.shape)
        texts = checked_texts(
            [text for pair in pairs for text in pair],
            lambda index: f"{where(index // 2)}, {parts[index % 2]},",
        )
        return list(zip(texts[::2], texts[1::2], strict=True))

    def shown(self, example: Sequence[str]) -> tuple[str, str]:
        first, second = example
        return str(first), str(second)

    def probe(self) -> Row:
        ids = np.full(self.least, self.preprocessing.tokenizer.vocabulary_size - 1, np.int32)
        return Row(ids, np.repeat(np.uint8([0, 1]), [3, 2]))


INPUT = PairInput

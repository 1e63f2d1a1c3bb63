"""Texts with masks in them, from a user's strings to the token ids of a call."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from kerastc.errors import UserError
from kerastc.inputs.input import OWN
from kerastc.inputs.stream.masking import NO_TARGET, Masked
from kerastc.inputs.stream.rows import MASK, MaskedRows
from kerastc.inputs.text.encode import IDS, TextInput
from kerastc.inputs.text.encode import MASK as PADDING
from kerastc.tensor import Tensor
from kerastc.text.given import checked_texts
from kerastc.text.ragged import Ragged
from kerastc.text.unseen import Unseen

POSITIONS = "masked_positions"


class StreamInput(TextInput):
    """Texts as token ids, and the places of their masks.

    A user's text has `[MASK]` wherever a word is asked for, whatever the tokenizer's own mask is.

    Args:
        preprocessing: texts to token ids.
        segments: whether the model takes the number of each token's text.
    """

    sample = '"Madrid is the [MASK] of Spain."'
    names = {OWN: {IDS: IDS, PADDING: PADDING, POSITIONS: POSITIONS}}

    @classmethod
    def read(cls, settings: Mapping[str, Any], folder: Path | None = None) -> Self:
        found = super().read(settings, folder)
        found.segments = bool(settings.get("segments"))
        if found.preprocessing.tokenizer.mask_id is None:
            raise UserError(f"The tokenizer in {folder} has no mask.", "It is of another run.")
        return found

    def tensors(self, batch: int | None, length: int | None = None) -> tuple[Tensor, ...]:
        """Each (batch, length) int32, and the places (batch, any) int32."""
        return (*super().tensors(batch, length), Tensor(POSITIONS, (batch, None), "int32"))

    def checked(
        self,
        examples: Sequence[str] | MaskedRows,
        where: Callable[[int], str] | None = None,
    ) -> Sequence[str] | MaskedRows:
        """The texts, each of which has a mask; rows that are masked already stay as they are."""
        if isinstance(examples, MaskedRows):
            return examples
        texts = checked_texts(examples, where) if where else checked_texts(examples)
        own = self.preprocessing.tokenizer.token(self.preprocessing.tokenizer.mask_id)
        for index, text in enumerate(texts):
            if MASK not in text and own not in text:
                named = where(index) if where else f"Text {index + 1}"
                raise UserError(
                    f"{named} has no {MASK}: nothing is asked.",
                    f"Write {MASK} where a word is missing: {self.sample}",
                )
        return texts

    def rows(self, examples: Sequence[str] | MaskedRows, length: int | None = None) -> MaskedRows:
        examples, tokenizer = self.checked(examples), self.preprocessing.tokenizer
        if isinstance(examples, MaskedRows):
            if not tokenizer.same(examples.tokenizer):
                raise UserError(
                    "The corpus was built with another tokenizer than the model's.",
                    "Build one with it: kerastc corpus build OUT FILES... --tokenizer RUN",
                )
            return examples
        own = tokenizer.token(tokenizer.mask_id)
        ids = self.preprocessing.tokens([text.replace(MASK, own) for text in examples], length).ids
        places = [np.flatnonzero(row == tokenizer.mask_id) for row in ids]
        for number, (text, found) in enumerate(zip(examples, places, strict=True), 1):
            if len(found) < text.replace(MASK, own).count(own):
                most = self.preprocessing.most(length)
                raise UserError(
                    f"Text {number} has a {MASK} behind the {most} tokens that the model reads.",
                    "Shorten the text.",
                )
        targets = [np.full(len(found), NO_TARGET) for found in places]
        return MaskedRows(Masked(ids, Ragged.of(places), Ragged.of(targets)), tokenizer)

    def sizes(self, rows: MaskedRows) -> list[int]:
        """Places of each row that are asked for: its outputs."""
        return rows.positions.lengths.tolist()

    def unseen(
        self, examples: Sequence[str] | MaskedRows, length: int | None = None
    ) -> Unseen | None:
        if isinstance(examples, MaskedRows):
            return None
        return super().unseen(examples, length)


INPUT = StreamInput

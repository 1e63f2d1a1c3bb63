"""Texts whose next word is asked for, from a user's strings to the token ids of a call."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from kerastc.inputs.causal.rows import NextRows
from kerastc.inputs.input import OWN
from kerastc.inputs.stream.encode import POSITIONS
from kerastc.inputs.stream.joined import separators
from kerastc.inputs.stream.masking import NO_TARGET, Masked
from kerastc.inputs.text.encode import IDS, TextInput
from kerastc.tensor import Tensor
from kerastc.text.ragged import Ragged
from kerastc.text.unseen import Unseen

STATE = "state"


class CausalInput(TextInput):
    """Texts as token ids, and the place behind which a word is asked for: the last.

    Args:
        preprocessing: texts to token ids.

    Attributes:
        backward: whether the model reads from the end, and says what is before the first word.
        state_size: numbers of its state.
    """

    backward = False
    state_size: int | None = None
    sample = '"The capital of Spain is"'
    names = {OWN: {IDS: IDS, POSITIONS: POSITIONS, STATE: STATE}}

    @classmethod
    def read(cls, settings: Mapping[str, Any], folder: Path | None = None) -> Self:
        found = super().read(settings, folder)
        told = settings.get("windows") or {}
        found.backward = told.get("direction") == "backward"
        found.state_size = told.get("state")
        return found

    def tensors(self, batch: int | None, length: int | None = None) -> tuple[Tensor, ...]:
        """Tokens (batch, length) and places (batch, any) int32; the state (batch, its size)."""
        return (
            Tensor(IDS, (batch, length), "int32"),
            Tensor(POSITIONS, (batch, None), "int32"),
            Tensor(STATE, (batch, self.state_size), "float32"),
        )

    def checked(
        self,
        examples: Sequence[str] | NextRows,
        where: Callable[[int], str] | None = None,
    ) -> Sequence[str] | NextRows:
        """The texts; rows of a corpus stay as they are."""
        return examples if isinstance(examples, NextRows) else super().checked(examples, where)

    def rows(self, examples: Sequence[str] | NextRows, length: int | None = None) -> NextRows:
        if isinstance(examples, NextRows):
            return examples
        tokenizer = self.preprocessing.tokenizer
        before, after = tokenizer.frame(1).ids
        between = separators(tokenizer)  # stands before each text of a corpus
        found = []
        for row in self.preprocessing.tokens(self.checked(examples), length).ids:
            inner = row[len(before) : len(row) - len(after)]
            found.append(np.concatenate([between, inner[::-1] if self.backward else inner]))
        places = [[len(row) - 1] for row in found]
        targets = [[NO_TARGET]] * len(found)
        return NextRows(Masked(*map(Ragged.of, (found, places, targets))), tokenizer)

    def sizes(self, rows: NextRows) -> list[int]:
        """Places of each row that are asked for: its outputs."""
        return rows.positions.lengths.tolist()

    def unseen(
        self, examples: Sequence[str] | NextRows, length: int | None = None
    ) -> Unseen | None:
        if isinstance(examples, NextRows):
            return None
        return super().unseen(examples, length)


INPUT = CausalInput

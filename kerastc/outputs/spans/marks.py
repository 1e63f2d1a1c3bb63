"""The targets of windows, with what their questions' answers are compared with."""

from collections.abc import Iterable, Sequence

import numpy as np

from kerastc.text.ragged import Ragged
from kerastc.text.reference import Reference


class Marks(Ragged):
    """Targets of the tokens of n windows, see `losses`.

    Args:
        values, lengths: as in `Ragged`.
        truth: of each question, by the number that a window has in `Encoded.texts`; None of one
            without a label. Some of the windows have that of all.
    """

    def __init__(
        self, values: np.ndarray, lengths: np.ndarray, truth: Sequence[Reference | None] = ()
    ):
        super().__init__(values, lengths)
        self.truth = truth

    @classmethod
    def of_questions(
        cls, windows: Iterable[np.ndarray], truth: Sequence[Reference | None]
    ) -> "Marks":
        """Packs the targets of windows."""
        packed = Ragged.of(windows)
        return cls(packed.values, packed.lengths, truth)

    def __getitem__(self, index):
        found = super().__getitem__(index)
        if isinstance(found, Ragged):
            return Marks(found.values, found.lengths, self.truth)
        return found

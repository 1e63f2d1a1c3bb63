"""Rows of a language model: texts or windows of which some tokens are asked for."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from kerastc.inputs.stream.masking import NO_TARGET, Masked
from kerastc.text.ragged import Ragged
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.word_starts import begins_word, shown_tokens

MASK = "[MASK]"  # in a text, whatever the tokenizer's own is


class MaskedRows(Sequence):
    """n rows of tokens with places that are asked for.

    Args:
        masked: the rows; targets are `NO_TARGET` where the truth is not known.
        tokenizer: of the ids.
    """

    def __init__(self, masked: Masked, tokenizer: Tokenizer):
        self.masked = masked
        self.tokenizer = tokenizer

    @property
    def ids(self) -> Ragged:
        """As in `Masked`."""
        return self.masked.ids

    @property
    def positions(self) -> Ragged:
        """As in `Masked`."""
        return self.masked.positions

    @property
    def targets(self) -> Ragged:
        """As in `Masked`."""
        return self.masked.targets

    @property
    def cut(self) -> np.ndarray:
        """(n,) bool: none is cut."""
        return np.zeros(len(self), bool)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index):
        if not (isinstance(index, slice) or np.ndim(index)):
            index = [index]
        chosen = MaskedRows(Masked(*(column[index] for column in self.masked)), self.tokenizer)
        chosen.__dict__["begins"] = self.begins
        return chosen

    @cached_property
    def begins(self) -> np.ndarray:
        """(vocabulary,) bool, whether each token begins a word."""
        return begins_word(self.tokenizer)

    def shown(self, ids: np.ndarray) -> np.ndarray:
        """Tokens as words, object of the same shape; see `shown_tokens`."""
        return shown_tokens(self.tokenizer, ids, self.begins)

    @cached_property
    def truth(self) -> list[np.ndarray]:
        """What was at the places of each row, as words, (places,) object."""
        words = self.shown(np.maximum(self.targets.values, 0))
        words[self.targets.values == NO_TARGET] = ""
        return np.split(words, np.cumsum(self.targets.lengths)[:-1])

    @cached_property
    def texts(self) -> np.ndarray:
        """The rows as texts, with a mask at each place that is asked for, (n,) object."""
        found = np.empty(len(self), object)
        special = np.setdiff1d(self.tokenizer.special_ids, [self.tokenizer.unknown_id])
        for number, (ids, places) in enumerate(zip(self.ids, self.positions, strict=True)):
            shown = ids.copy()
            shown[places] = self.tokenizer.mask_id
            kept = ~np.isin(shown, special) | (shown == self.tokenizer.mask_id)
            text = self.tokenizer.text(shown[kept], special=True)
            own = self.tokenizer.token(self.tokenizer.mask_id)
            # A piece has its space in itself, a mask has none.
            found[number] = " ".join(text.replace(own, f" {MASK}").split())
        return found

"""Which tokens of a window are masked, and what stands in their place: NumPy, equal everywhere.

Devlin et al. 2018, BERT, section 3.1 and A.1: of the tokens chosen, eight in ten are replaced by
the mask, one by a random token, and one stays. They are chosen anew in each epoch (Liu et al. 2019,
RoBERTa, section 4.1), whole words of them if asked (the later BERT models of Google), and rare ones
more often if asked: with weights of count^-power (Lample and Conneau 2019, Cross-lingual Language
Model Pretraining, section 3.3, there with 0.5; Sanh et al. 2019, DistilBERT, with 0.7).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from kerastc.text.ragged import Ragged
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.word_starts import begins_word

NO_TARGET = -100  # of a place that only fills a batch
MASKED, REPLACED = 0.8, 0.1  # of the tokens chosen; the rest stays


class Masked(NamedTuple):
    """n windows: `ids` as the model reads them; where they were chosen; what was there.

    Attributes:
        ids: n rows, int32.
        positions: n rows, int32, ascending, from 0 in each window.
        targets: n rows of the same lengths, int32.
    """

    ids: Ragged
    positions: Ragged
    targets: Ragged


@dataclass(frozen=True, eq=False)
class Masking:
    """Chooses and masks tokens.

    Args:
        share: of a window's tokens that are no special ones.
        mask_id: what the mask is.
        maskable: (vocabulary,) bool, whether a token can be chosen, and be a random one.
        weights: (vocabulary,) float, how readily each is chosen; None: all alike.
        begins: (vocabulary,) bool, whether each begins a word; None: tokens are chosen one by one.
        seed: of all draws.
    """

    share: float
    mask_id: int
    maskable: np.ndarray
    weights: np.ndarray | None = None
    begins: np.ndarray | None = None
    seed: int = 0

    @classmethod
    def of(
        cls,
        tokenizer: Tokenizer,
        counts: np.ndarray,
        share: float,
        seed: int,
        whole_words: bool = False,
        rarity: float = 0.0,
    ) -> "Masking":
        """For the tokens of a corpus.

        Args:
            tokenizer: of the corpus, with a mask.
            counts: (vocabulary,) int, how often it has each; tokens that it lacks are not drawn.
            share, seed: as in the class.
            whole_words: whether all tokens of a word are masked, or none.
            rarity: the power; 0 chooses all alike.
        """
        maskable = np.asarray(counts) > 0
        maskable[tokenizer.special_ids] = False
        weights = np.maximum(counts, 1).astype(float) ** -rarity if rarity else None
        begins = begins_word(tokenizer) if whole_words else None
        return cls(share, int(tokenizer.mask_id), maskable, weights, begins, seed)

    def most(self, tokens: int) -> int:
        """How many are chosen of so many tokens; at least one of any."""
        return max(1, round(self.share * tokens))

    def __call__(self, windows: Ragged, numbers: np.ndarray, epoch: int) -> Masked:
        """Masks windows.

        Args:
            windows: n rows of tokens, int32, special ones included.
            numbers: (n,) int, the number of each window: with seed and epoch all that its draws
                depend on.
            epoch: of the training.
        """
        values, drawn = windows.values.copy(), np.flatnonzero(self.maskable)
        ends = np.cumsum(windows.lengths)
        positions, targets = [], []
        for number, begin, end in zip(numbers, ends - windows.lengths, ends, strict=True):
            row = values[begin:end]  # a view: it is changed
            random = np.random.default_rng([self.seed, epoch, int(number)])
            draws = random.random((3, len(row)))
            chosen = self._chosen(row, draws[0])
            positions.append(chosen)
            targets.append(row[chosen])
            kind, which = draws[1:, chosen]
            new = np.where(kind < MASKED, self.mask_id, row[chosen])
            swapped = (kind >= MASKED) & (kind < MASKED + REPLACED)
            new[swapped] = drawn[(which[swapped] * len(drawn)).astype(np.int64)]
            row[chosen] = new
        return Masked(Ragged(values, windows.lengths), Ragged.of(positions), Ragged.of(targets))

    def _chosen(self, row: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """The places of a window that are chosen, ascending.

        Efraimidis and Spirakis 2006: the least -log(u) / weight are a weighted sample without
        replacement.
        """
        able = np.flatnonzero(self.maskable[row])
        if not len(able):
            return able
        most, keys = self.most(len(able)), -np.log1p(-draws)
        if self.begins is None:
            keys = keys[able] if self.weights is None else keys[able] / self.weights[row[able]]
            return np.sort(able[np.argsort(keys, kind="stable")[:most]])
        # A word ends where the next begins, and at a token that cannot be chosen.
        starts = self.begins[row[able]] | (np.diff(able, prepend=-2) > 1)
        word = np.cumsum(starts) - 1
        firsts = np.flatnonzero(starts)
        keys = keys[able[firsts]]
        if self.weights is not None:  # a word is as rare as its rarest token
            keys = keys / np.maximum.reduceat(self.weights[row[able]], firsts)
        sizes = np.diff(np.append(firsts, len(able)))
        order = np.argsort(keys, kind="stable")
        taken, left = [], most
        for place in order:
            if sizes[place] <= left:  # as BERT's: a word that is too long is passed over
                taken.append(place)
                left -= sizes[place]
            if not left:
                break
        if not taken:  # all words are longer than what may be chosen: the start of one
            return able[firsts[order[0]] : firsts[order[0]] + most]
        return able[np.isin(word, taken)]

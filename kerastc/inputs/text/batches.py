"""Texts in batches: those of similar length together, padded to one of a few lengths."""

import copy
from functools import partial
from typing import TYPE_CHECKING

import keras
import numpy as np

from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.inputs.input import Rows
from kerastc.inputs.text.encode import TextInput
from kerastc.tasks import TASKS
from kerastc.text.encoded import Encoded
from kerastc.text.ragged import Ragged
from kerastc.training.batching import Batches
from kerastc.training.config import FineTuningConfig

if TYPE_CHECKING:
    from kerastc.text.tokenizer import Tokenizer

# The number of lengths, and their common factor. JAX compiles a step for each; the others do not,
# and for them the finer grid saves a fifth of the padding.
SHAPES = {"jax": (6, 8), "tensorflow": (12, 2), "torch": (12, 2)}
NOTHING = -100  # the target of padding: no loss


class TextBatches(Batches):
    """Batches of token ids, each cut to one of a few lengths that the data choose.

    Rows of similar length share a batch; the seed determines which, and the order of the batches.

    Args:
        tokens: n rows of tokens without padding, packed or not.
        pad: turns some of them and a length into the model's inputs.
        targets: as in `Batches`; or a `Ragged` of n rows with a number per token, which is padded
            with `NOTHING`.
        weights: as in `Batches`; or a `Ragged` of n rows with one per token.
        batch_size, seed, rows: as in `Batches`.
        masking: share of the tokens, except those added by the tokenizer, that are replaced by
            the mask, drawn again in each epoch; and the mask's id.
    """

    open_axes = 2

    def __init__(
        self, tokens, pad, targets, batch_size, weights=None, seed=None, rows=None, masking=(0.0, 0)
    ):
        tokens = Encoded.of(tokens)
        self.masking = masking
        self.length_of = self._lengths(tokens.lengths)
        self.pad = pad
        self.sizes = tokens.lengths
        self.open_target_axes = 2 if isinstance(targets, Ragged) else 1
        super().__init__(tokens, targets, batch_size, weights, seed, rows)

    @property
    def read(self) -> Encoded:
        """What the encoder reads, a row each: the rows."""
        return self.inputs

    def sample(self, rows: int, seed: int) -> Batches:
        """As in `Batches`; the rows of a text, which may be several, are drawn together."""
        texts, sizes = np.unique(self.inputs.texts[self.taken], return_counts=True)
        if rows >= len(self.taken) or sizes.max() == 1:
            return super().sample(rows, seed)
        order = np.random.default_rng(seed).permutation(len(texts))
        most = max(int((np.cumsum(sizes[order]) <= rows).sum()), 1)
        sample = copy.copy(self)
        drawn = np.isin(self.inputs.texts[self.taken], texts[order[:most]])
        sample.taken = self.taken[drawn]
        sample.begin_epoch(0)
        return sample

    def frozen(self, features: np.ndarray) -> Batches:
        """Batches for the layers after a frozen encoder.

        Args:
            features: of the rows of `read`, (n, width).
        """
        return Batches(features, self.targets, self.batch_size, self.weights, self.seed)

    def _lengths(self, sizes: np.ndarray) -> np.ndarray:
        """The length to which each row is padded at least, (n,) int."""
        lengths = choose_lengths(sizes, *SHAPES[keras.backend.backend()])
        return lengths[np.searchsorted(lengths, sizes)]

    def _ordered(self, rows: np.ndarray) -> list[np.ndarray]:
        # Rows left over from one length start the first batch of the next, so that only one batch
        # in an epoch is smaller than the others (a further shape to compile).
        rows = rows[np.argsort(self.length_of[rows], kind="stable")]
        batches = self._divided(rows)
        if self.seed is not None:
            order = self._generator().permutation(len(batches))
            batches = [batches[i] for i in order]
        return batches

    def _divided(self, rows: np.ndarray) -> list[np.ndarray]:
        """Sorted rows in batches."""
        return super()._ordered(rows)

    def _targets(self, rows: np.ndarray) -> np.ndarray:
        return self._padded(super()._targets(rows), rows, NOTHING)

    def _weights(self, rows: np.ndarray) -> np.ndarray:
        return self._padded(super()._weights(rows), rows, 0)

    def _padded(self, of_rows: np.ndarray | Ragged, rows: np.ndarray, fill: int) -> np.ndarray:
        """Numbers of tokens, (rows, length); those of rows are as they are."""
        if not isinstance(of_rows, Ragged):
            return of_rows
        padded = np.full((len(rows), self._length(rows)), fill, of_rows.values.dtype)
        there = np.arange(padded.shape[1]) < of_rows.lengths[:, None]
        padded[there] = of_rows.values
        return padded

    def _length(self, rows: np.ndarray) -> int:
        """The length to which a batch is padded."""
        return int(self.length_of[rows].max())

    def _inputs(self, rows: np.ndarray):
        tokens = self.inputs[rows]
        inputs = self.pad(tokens, self._length(rows))
        share, mask_id = self.masking
        if share:
            # The first row identifies the batch, so that its draw is the same in every process.
            random = np.random.default_rng([self.seed, self.epoch, int(rows[0])])
            there = inputs["padding_mask"].astype(bool)
            inside = np.zeros(there.shape, bool)
            inside[there] = ~tokens.special.values
            inside = inside[:, 1:-1]  # the first and the last are never a text's
            drawn = inside & (random.random(inside.shape) < share)
            inputs["token_ids"][:, 1:-1][drawn] = mask_id
        return inputs


def text_batches(
    texts: LabelledTexts,
    tokenizer: "Tokenizer",
    config: FineTuningConfig,
    seed: int | None = None,
    segments: bool = False,
) -> TextBatches:
    """Batches of token ids.

    Args:
        texts: the rows.
        tokenizer: of the encoder.
        config: hyperparameters.
        seed: given for training, where batches are shuffled and weighted.
        segments: whether the model takes the number of each token's text.
    """
    tokens = config.encoded(tokenizer, texts.examples, config.max_tokens)
    head = TASKS[config.task].output_part("head")
    kind = "none" if seed is None else config.class_weights
    weights = head.class_weights(texts.labels, len(texts.classes), kind, tokens)
    targets = head.targets_of(texts.labels, tokens)
    share = 0.0 if seed is None else config.masking
    if share and tokenizer.mask_id is None:
        raise UserError(
            f"masking={share:g}, but the encoder's tokenizer has no mask.", "Leave masking out."
        )
    batched = TASKS[config.task].input_part("batches").batched
    return batched(tokens, tokenizer, config, targets, segments, weights, seed, share)


def batched(
    tokens: Encoded,
    tokenizer: "Tokenizer",
    config: FineTuningConfig,
    targets: np.ndarray | Ragged,
    segments: bool = False,
    weights: np.ndarray | None = None,
    seed: int | None = None,
    masking: float = 0.0,
) -> TextBatches:
    """Rows of tokens in the batches of their kind of input.

    Args:
        tokens: as `config.encoded` gives them.
        tokenizer, config, segments: as in `text_batches`.
        targets, weights, seed: as in `TextBatches`.
        masking: share of the tokens that are masked.
    """
    pad, masked = partial(tokenizer.pad, segments=segments), (masking, tokenizer.mask_id)
    return TextBatches(tokens, pad, targets, config.batch_size, weights, seed, masking=masked)


def choose_lengths(lengths: np.ndarray, count: int, multiple: int) -> np.ndarray:
    """The `count` lengths that minimise the total padding of (n,) texts.

    An exact dynamic program over the multiples of `multiple`; the greatest covers every text.

    Returns:
        at most `count` lengths, ascending.
    """
    rounded = -(-np.maximum(lengths, 1) // multiple)
    texts = np.bincount(rounded)
    before = np.concatenate([[0], np.cumsum(texts)])  # texts shorter than each size
    sizes = np.arange(len(texts))
    # cost[i, j]: texts with sizes in (i, j] padded to j.
    cost = (before[1:][None, :] - before[1:][:, None]) * sizes[None, :].astype(float)
    cost[sizes[:, None] > sizes[None, :]] = np.inf
    best = cost[0]
    cuts = []
    for _ in range(count - 1):
        total = best[:, None] + cost
        cuts.append(total.argmin(axis=0))
        best = total.min(axis=0)
    chosen = [len(texts) - 1]
    for cut in reversed(cuts):
        chosen.append(int(cut[chosen[-1]]))
    return np.array(sorted(set(chosen) - {0})) * multiple


def covering_length(lengths: np.ndarray, share: float = 0.997) -> int:
    """The smallest length that at least this share of (n,) texts does not exceed."""
    return int(np.quantile(lengths, share, method="inverted_cdf"))


def batches(input: TextInput, rows: Rows, size: int) -> TextBatches:
    """Rows without targets; those of similar length share a batch of `size`."""
    return TextBatches(rows, input.arrays, np.zeros((len(rows), 0), "float32"), size)

"""Features of a frozen encoder, computed once and kept on disk for every later epoch and run.

The last bit of a feature depends on the shape of the batch in which it was computed, but not on the
other rows of that batch. (Without AVX-512 the last rows of some shapes may differ in it.) So a
batch has one of a few lengths, set by the length of its texts, and the length sets the number of
rows (`batch_rows`): a text has the same features whatever else is computed or already cached. On a
CPU this padding adds 13 % to the tokens of 2,400 docstrings, 29 % to those of 1,000 headlines.
"""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from kerastc.text.encoded import Encoded
from kerastc.training.feature_shards import FeatureShards, digest
from kerastc.training.predicting import predict_batch

TOKENS = 512  # per batch, about: with fewer a CPU reads up to a third fewer texts per second
FEWEST_ROWS, MOST_ROWS = 8, 32  # a length's last batch is filled up with its own texts
# JAX compiles a step for each length.
LENGTHS = {
    "jax": (16, 32, 48, 64, 96, 128, 192, 256, 384, 512),
    "tensorflow": (
        *range(6, 16, 2),
        *range(16, 32, 4),
        *range(32, 64, 8),
        *range(64, 128, 16),
        *range(128, 256, 32),
        *range(256, 513, 64),
    ),
}
LENGTHS["torch"] = LENGTHS["tensorflow"]


class FeatureCache(FeatureShards):
    """A folder of features for one encoder: a row per text, found by the hash of its tokens.

    Args:
        folder: the cache's root.
        key: names everything that the features depend on besides tokens: weights, pooling,
            precision, backend.
    """

    def __init__(self, folder: Path, key: Sequence[str]):
        self.lengths = LENGTHS[keras.backend.backend()]
        shapes = ",".join(map(str, (TOKENS, FEWEST_ROWS, MOST_ROWS, *self.lengths)))
        super().__init__(folder, [*key, shapes])

    def features(self, model: keras.Model, tokens, pad, longest: int) -> np.ndarray:
        """The model's features of every text, (n, width) float32.

        Args:
            model: maps padded inputs to (batch, width) features.
            tokens: n rows of tokens without padding, packed or not.
            pad: turns some of them and a length into the model's inputs.
            longest: the most tokens that the model reads.
        """
        tokens = Encoded.of(tokens)

        def computed(missing: np.ndarray):
            for chosen, length in self._batches(tokens.lengths[missing], longest):
                rows = missing[chosen]
                inputs = pad(tokens[np.resize(rows, batch_rows(length))], length)
                yield rows, predict_batch(model, inputs, open_axes=2)

        names = [digest(row.key()) for row in tokens]
        return self.complete(names, tuple(model.output_shape[1:]), computed, "texts")

    def _batches(self, lengths: np.ndarray, longest: int) -> list[tuple[np.ndarray, int]]:
        """Indices of texts with (n,) `lengths`, batch by batch, and the length to pad them to."""
        steps = np.array([*(step for step in self.lengths if step < longest), longest])
        padded = steps[np.searchsorted(steps, lengths)]
        found = []
        for length in np.unique(padded):
            rows = np.flatnonzero(padded == length)
            cuts = range(batch_rows(length), len(rows), batch_rows(length))
            found += [(part, int(length)) for part in np.split(rows, cuts)]
        return found


def batch_rows(length: int) -> int:
    """The number of rows in every batch of texts padded to a length."""
    return max(FEWEST_ROWS, min(TOKENS // int(length), MOST_ROWS))

"""Documents in batches: those of as many windows, of similar length, together.

On 5,583 documents of Reuters R8, in windows of at most 128 WordPieces, 8 % of the positions of
batches of 32 are padding; if all windows but a document's last were full, 29 % would be.
"""

from functools import partial
from typing import TYPE_CHECKING

import keras
import numpy as np

from kerastc.inputs.document.encode import DocumentInput
from kerastc.inputs.input import Rows
from kerastc.inputs.text.batches import SHAPES, TextBatches, choose_lengths
from kerastc.text.documents import Windowing
from kerastc.text.encoded import Encoded
from kerastc.text.ragged import Ragged
from kerastc.training.batching import Batches
from kerastc.training.document_config import DocumentClassifierConfig

if TYPE_CHECKING:
    from kerastc.text.tokenizer import Tokenizer

# Lengths of the windows of documents that have several; JAX compiles a step for each.
PLACES = {"jax": 1, "tensorflow": 3, "torch": 3}
WINDOWS = 64  # of a batch, at most, where nothing is trained


class DocumentBatches(TextBatches):
    """Batches of windows in rows; see `kerastc.text.documents`.

    A batch has fewer documents than `batch_size` if they would have more windows than the limit;
    one document is always taken.

    Args:
        tokens, pad, targets, batch_size, weights, seed, masking: as in `TextBatches`.
        windowing: of the rows.
        most: windows in a batch, padding included.
    """

    def __init__(
        self,
        tokens,
        pad,
        targets,
        batch_size,
        windowing: Windowing,
        most: int,
        weights=None,
        seed=None,
        masking=(0.0, 0),
    ):
        self.windowing = windowing
        self.most = most
        super().__init__(tokens, pad, targets, batch_size, weights, seed, masking=masking)

    def __len__(self) -> int:
        return len(self.batches)

    @property
    def read(self) -> Encoded:
        return self.windowing.split(self.inputs)

    def frozen(self, features: np.ndarray) -> Batches:
        documents = Ragged(features, self.windowing.counts(self.sizes))
        return WindowFeatures(documents, self.targets, self.batch_size, self.weights, self.seed)

    def _lengths(self, sizes: np.ndarray) -> np.ndarray:
        lengths, multiple = SHAPES[keras.backend.backend()]
        window, counts = self.windowing.window, self.windowing.counts(sizes)
        some = choose_lengths(counts, lengths, 1)
        places = some[np.searchsorted(some, counts)]
        longest, found = self.windowing.longest(sizes), np.zeros(len(sizes), np.int64)
        for count in some:
            rows = np.flatnonzero(places == count)
            tokens = np.array([self.windowing.place(count, n) for n in longest[rows]])
            steps = choose_lengths(tokens, *self._steps(count, lengths, multiple))
            steps = np.minimum(steps, window)
            found[rows] = count * steps[np.searchsorted(steps, tokens)]
        return found

    def _divided(self, rows: np.ndarray) -> list[np.ndarray]:
        cuts, begin = [], 0
        for end, count in enumerate(self.windowing.counts(self.length_of[rows])):
            taken = end - begin
            if taken and (taken == self.batch_size or (taken + 1) * count > self.most):
                cuts.append(end)
                begin = end
        return np.split(rows, cuts)

    def _length(self, rows: np.ndarray) -> int:
        lengths = self.length_of[rows]
        counts = self.windowing.counts(lengths)
        count = int(counts.max())
        return count * self.windowing.place(count, int((lengths // counts).max()))

    def _steps(self, count: int, lengths: int, multiple: int) -> tuple[int, int]:
        """How many lengths the windows of rows of `count` are padded to, and their factor."""
        return (lengths, multiple) if count == 1 else (PLACES[keras.backend.backend()], multiple)


class WindowFeatures(Batches):
    """Features of windows as the layers after a frozen encoder take them; see `window_inputs`.

    Args:
        inputs: n sequences of vectors, one vector per window.
        targets, batch_size, weights, seed: as in `Batches`.
    """

    def __init__(self, inputs: Ragged, targets, batch_size, weights=None, seed=None):
        self.most = int(inputs.lengths.max(initial=1))  # one shape for all batches
        super().__init__(inputs, targets, batch_size, weights, seed)

    def _inputs(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        documents = self.inputs[rows]
        there = np.arange(self.most) < documents.lengths[:, None]
        features = np.zeros((*there.shape, documents.values.shape[-1]), "float32")
        features[there] = documents.values
        return {"features": features, "padding_mask": there.astype("int32")}


def batched(
    tokens: Encoded,
    tokenizer: "Tokenizer",
    config: DocumentClassifierConfig,
    targets: np.ndarray,
    segments: bool = False,
    weights: np.ndarray | None = None,
    seed: int | None = None,
    masking: float = 0.0,
) -> DocumentBatches:
    """See `kerastc.inputs.text.batches.batched`."""
    return DocumentBatches(
        tokens,
        partial(config.windowing.pad, tokenizer, segments=segments),
        targets,
        config.batch_size,
        config.windowing,
        config.batch_windows,
        weights,
        seed,
        (masking, tokenizer.mask_id),
    )


def batches(input: DocumentInput, rows: Rows, size: int) -> DocumentBatches:
    """Rows without targets; those of similar length share a batch of at most `size`."""
    targets, windowing = np.zeros((len(rows), 0), "float32"), input.preprocessing.windowing
    return DocumentBatches(rows, input.arrays, targets, size, windowing, WINDOWS)

"""How a training of a language model is judged: by loss, perplexity and accuracy at its places."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerastc.outputs.judge import ON_VALIDATION, Judge
from kerastc.outputs.vocabulary.losses import cross_entropy
from kerastc.outputs.vocabulary.scores import LOGITS, Vocabulary, perplexity


@keras.saving.register_keras_serializable("kerastc")
class CountedWords(keras.metrics.Metric):
    """The share of places whose most probable token is the right one, and the mean loss of all."""

    def __init__(self, name="accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.losses = self.add_variable((), "zeros", name="losses")
        self.counts = self.add_variable((2,), "zeros", dtype="int32", name="counts")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Counts (batch, places) targets against (batch, places, tokens) logits."""
        losses, there = cross_entropy(y_true, y_pred)
        best = ops.cast(ops.argmax(y_pred, axis=-1), "int32")
        right = ops.cast(best == ops.cast(y_true, "int32"), "float32") * there
        counts = ops.stack([ops.sum(right), ops.sum(there)])
        self.losses.assign_add(ops.cast(ops.sum(losses), self.losses.dtype))
        self.counts.assign_add(ops.cast(counts, "int32"))

    def result(self):
        right, count = ops.unstack(ops.cast(self.counts, "float32"), 2)
        return right / ops.maximum(count, 1.0)

    def loss(self) -> float:
        """The mean cross-entropy of the places."""
        total, count = (ops.convert_to_numpy(part) for part in (self.losses, self.counts))
        return float(total) / max(int(count[1]), 1)


class WordJudge(Judge):
    """Judges by perplexity.

    Args:
        output: of the model.
    """

    main = Vocabulary.main
    figures = Vocabulary.figures

    def __init__(self, output: Vocabulary):
        self.output = output
        self.words = CountedWords()
        self.metrics = (self.words,)

    def counted(self) -> dict[str, float]:
        return {"perplexity": perplexity(self.words.loss())}

    def of_logs(self, logs: Mapping[str, float], part: str = "") -> dict[str, float]:
        """As in `Judge`; of validation the mean over all places, not over batches."""
        found = super().of_logs(logs, part)
        return found | {"loss": self.words.loss()} if part == ON_VALIDATION else found

    def reduced(self, outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return self.output.reduced({LOGITS: outputs}, targets)[LOGITS]

    def final(
        self, outputs: Sequence[np.ndarray], targets: Any, rows: Sequence[Any] = ()
    ) -> dict[str, float]:
        """As in `Judge`, of what `reduced` kept."""
        kept = np.concatenate([row[: len(of)] for row, of in zip(outputs, targets, strict=True)])
        loss = -float(kept[:, 0].mean(dtype=np.float64))
        right = float((kept[:, 1] == 0).mean())
        return {"loss": loss, "perplexity": perplexity(loss), "accuracy": right}

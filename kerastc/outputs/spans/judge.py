"""What judges a training of answers: questions of validation, windows of training."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerastc.outputs.judge import Judge
from kerastc.outputs.output import Figure
from kerastc.outputs.spans.losses import END, MASKED, START, log_shares, wanted
from kerastc.outputs.spans.marks import Marks
from kerastc.outputs.spans.predictions import figures_of
from kerastc.outputs.spans.scores import LOGITS, Spans
from kerastc.text.encoded import Encoded
from kerastc.text.ragged import Ragged


@keras.saving.register_keras_serializable("kerastc")
class SpanOverlap(keras.metrics.Metric):
    """The mean F1 of the tokens of the most probable spans and of the true ones, window by window.

    The first token is the span of a window without the answer. Rows that are not labelled do not
    count.
    """

    def __init__(self, name="f1", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_variable((), "zeros", name="total")
        self.exact = self.add_variable((), "zeros", dtype="int32", name="exact")
        self.count = self.add_variable((), "zeros", dtype="int32", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Adds (batch, length) targets, perhaps with a teacher, and (batch, length, 2) logits."""
        marks = y_true[:, :, 0] if len(y_true.shape) == 3 else y_true
        truth, logs = wanted(marks), log_shares(y_pred, marks)
        labelled = ops.cast(ops.sum(truth, axis=(1, 2)) > 0, "float32")
        places = ops.arange(ops.shape(marks)[1], dtype="int32")
        # The end of the best span, and the best start at or in front of it.
        scores = logs[:, :, None, 0] + logs[:, None, :, 1]
        forward = (places[:, None] <= places[None, :])[None]
        end = ops.argmax(ops.max(ops.where(forward, scores, 2 * MASKED), axis=1), axis=1)
        before = places[None, :] <= ops.cast(end, "int32")[:, None]
        start = ops.argmax(ops.where(before, logs[:, :, 0], 2 * MASKED), axis=1)
        true_start, true_end = (ops.argmax(truth[:, :, side], axis=1) for side in (0, 1))
        start, end, true_start, true_end = (
            ops.cast(place, "float32") for place in (start, end, true_start, true_end)
        )
        shared = ops.minimum(end, true_end) - ops.maximum(start, true_start) + 1
        both = end - start + true_end - true_start + 2
        exact = (start == true_start) & (end == true_end)
        f1 = labelled * 2 * ops.maximum(shared, 0.0) / both
        self.total.assign_add(ops.cast(ops.sum(f1), self.total.dtype))
        self.exact.assign_add(ops.cast(ops.sum(labelled * ops.cast(exact, "float32")), "int32"))
        self.count.assign_add(ops.cast(ops.sum(labelled), "int32"))

    def result(self):
        return self.total / ops.maximum(ops.cast(self.count, "float32"), 1.0)

    def exact_match(self) -> float:
        """The share of windows whose span is the true one."""
        exact, count = (int(ops.convert_to_numpy(part)) for part in (self.exact, self.count))
        return exact / max(count, 1)


class SpanJudge(Judge):
    """Judges by exact match and F1 of questions, as they are measured at the end.

    Of training rows the figures on the way are those of `SpanOverlap`: of windows and places.

    Args:
        output: of the model.
    """

    whole = True
    main = Figure("f1")
    figures = (Figure("loss", higher=False), main, Figure("exact_match"))

    def __init__(self, output: Spans):
        self.output = output
        self.overlap = SpanOverlap()
        self.metrics = (self.overlap,)

    def counted(self) -> dict[str, float]:
        return {"exact_match": self.overlap.exact_match()}

    def final(
        self, outputs: Sequence[np.ndarray], targets: Marks, rows: Sequence[Any] = ()
    ) -> dict[str, float]:
        """As in `Judge`; the threshold of no answer is chosen anew, if there is any."""
        rows = Encoded.of(rows)
        truth = [targets.truth[number] for number in np.unique(rows.texts).tolist()]
        answers = self.output.answers({LOGITS: outputs}, rows)
        answers = self.output.deciding(truth, answers).decided(answers)
        texts = [said.text(right.context) for said, right in zip(answers, truth, strict=True)]
        found = figures_of(texts, truth)
        return {"loss": _loss(outputs, targets)} | {
            figure.name: float(found[figure.name].mean()) for figure in self.figures[1:]
        }


def _loss(outputs: Sequence[np.ndarray], targets: Ragged) -> float:
    """The mean over the windows, as in training."""
    total = 0.0
    for logits, marks in zip(outputs, targets, strict=True):
        allowed = marks >= 0
        logs = np.asarray(logits[: len(marks)], np.float64)[allowed]
        logs = logs - logs.max(axis=0)
        logs -= np.log(np.exp(logs).sum(axis=0))
        known = marks[allowed]
        total -= (logs[known & START > 0, 0].sum() + logs[known & END > 0, 1].sum()) / 2
    return total / max(len(targets), 1)

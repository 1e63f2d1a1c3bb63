"""What judges a training of answers: F1 of the places, in tokens or characters, not of words."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerastc.outputs.judge import Judge
from kerastc.outputs.output import Figure
from kerastc.outputs.spans.losses import END, MASKED, START, log_shares, wanted
from kerastc.outputs.spans.scores import LOGITS, Spans
from kerastc.text.encoded import Encoded
from kerastc.text.ragged import Ragged

NOWHERE = (0, 0)  # the place of no answer


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
    """Judges by F1 of places: of tokens of windows on the way, in the end of characters."""

    main = Figure("f1")
    figures = (Figure("loss", higher=False), main, Figure("exact_match"))

    def __init__(self, labels: Sequence[str]):
        self.output = Spans(labels)
        self.overlap = SpanOverlap()
        self.metrics = (self.overlap,)

    def counted(self) -> dict[str, float]:
        return {"exact_match": self.overlap.exact_match()}

    def final(
        self, outputs: Sequence[np.ndarray], targets: Ragged, rows: Sequence[Any] = ()
    ) -> dict[str, float]:
        """As in `Judge`; of the questions whose answers' places are known."""
        rows = Encoded.of(rows)
        true = true_spans(targets, rows)
        answers = self.output.answers({LOGITS: outputs}, rows)
        none_given = NOWHERE in true.values()
        found = []
        for number, answer in zip(np.unique(rows.texts).tolist(), answers, strict=True):
            if number in true:
                none = not answer.spans or (none_given and answer.lead > 0)
                place = NOWHERE if none else answer.spans[0][:2]
                found.append(_overlap(place, true[number]))
        overlaps = np.array(found or [0.0])
        return {
            "loss": _loss(outputs, targets),
            "f1": float(overlaps.mean()),
            "exact_match": float((overlaps == 1).mean()),
        }


def true_spans(targets: Ragged, rows: Encoded) -> dict[int, tuple[int, int]]:
    """Where the answer to each question is, in characters; `NOWHERE` where there is none.

    Args:
        targets: of the windows.
        rows: the windows, with `offsets`.
    """
    found: dict[int, tuple[int, int]] = {}
    for text, marks, offsets in zip(rows.texts.tolist(), targets, rows.offsets, strict=True):
        known = np.maximum(marks, 0)
        starts, ends = np.flatnonzero(known & START), np.flatnonzero(known & END)
        if len(starts):
            place = int(offsets[starts[0], 0]), int(offsets[ends[0], 1])
            found[text] = max(place, found.get(text, NOWHERE))
    return found


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> float:
    """F1 of the characters of two places; two empty ones are the same."""
    sizes = (one[1] - one[0]) + (other[1] - other[0])
    if not sizes:
        return 1.0
    return 2 * max(0, min(one[1], other[1]) - max(one[0], other[0])) / sizes


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

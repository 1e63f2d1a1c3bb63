"""An answer in a context, in training: targets of tokens, loss, judge, and the model.

A window that has the answer is to find its first and last token, all others their first token:
Devlin et al. 2018, BERT, section 4.3.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.outputs.judge import Judge
from kerastc.outputs.spans.judge import SpanJudge
from kerastc.outputs.spans.losses import (
    END,
    NEITHER,
    NO_LABEL,
    START,
    SpanCrossEntropy,
    TeacherLoss,
)
from kerastc.outputs.spans.marks import Marks
from kerastc.outputs.spans.scores import Spans
from kerastc.outputs.token_targets import no_labels as no_labels
from kerastc.outputs.token_targets import with_teacher as with_teacher
from kerastc.text.encoded import Encoded
from kerastc.text.reference import Reference

if TYPE_CHECKING:
    from kerastc.models import Encoder
    from kerastc.training.config import FineTuningConfig, TrainingConfig
    from kerastc.training.teacher import Teaching


def targets_of(labels: Sequence[Reference | None], rows: Encoded) -> Marks:
    """The places of answers to targets of tokens, see `losses`.

    A question all of whose answers are nowhere in its context has no target, nor has one without a
    label.

    Args:
        labels: of n questions; None of one that has none.
        rows: their windows, m >= n, with `offsets`.
    """
    found, learned = [], set()
    for text, offsets in zip(rows.texts.tolist(), rows.offsets, strict=True):
        inside = offsets[:, 1] > offsets[:, 0]
        marks = np.where(inside, NEITHER, NO_LABEL).astype(np.int32)
        marks[0] = NEITHER
        label = labels[text]
        if label is not None and (label.place or not label.answers):
            first, last = _tokens_of(label.place, offsets, inside)
            marks[first] += START
            marks[last] += END
            learned |= {text} if first or not label.answers else set()
        found.append(marks)
    # An answer that no window has whole is not learned, nor that there is none.
    for text, marks in zip(rows.texts.tolist(), found, strict=True):
        if text not in learned:
            marks[marks > NEITHER] = NEITHER
    return Marks.of_questions(found, labels)


def unlearned(labels: Sequence[Reference], rows: Encoded) -> dict[str, int]:
    """How many answers no window teaches, as a note on the data; arguments as in `targets_of`.

    Raises:
        UserError: if that is all of them.
    """
    placed = {number for number, label in enumerate(labels) if label.place}
    windows = zip(rows.texts.tolist(), rows.offsets, strict=True)
    taught = {
        text
        for text, offsets in windows
        if text in placed and _tokens_of(labels[text].place, offsets, offsets[:, 1] > 0) != (0, 0)
    }
    lost = len(placed) - len(taught)
    if lost and not taught:
        raise UserError(
            f"None of {lost:,} answers is whole in a window of {rows.lengths.max()} tokens.",
            "Give windows more tokens with max_tokens=...",
        )
    return {"answers that no window has whole, which are not learned": lost} if lost else {}


def _tokens_of(
    place: tuple[int, int] | None, offsets: np.ndarray, inside: np.ndarray
) -> tuple[int, int]:
    """The first and last token of an answer in a window; 0 and 0 if it is not there as a whole."""
    there = np.flatnonzero(inside)
    if place is None or not len(there):
        return 0, 0
    begin, end = place
    if offsets[there[0], 0] > begin or offsets[there[-1], 1] < end:
        return 0, 0
    of = np.flatnonzero(inside & (offsets[:, 0] < end) & (offsets[:, 1] > begin))
    return (int(of[0]), int(of[-1])) if len(of) else (0, 0)


def class_weights(
    labels: Sequence[Reference], classes: int, kind: str, rows: Encoded | None = None
) -> None:
    """There are none: questions have no classes.

    Raises:
        UserError: they are asked for.
    """
    if kind != "none":
        raise UserError(f"class_weights={kind} is for classes of whole texts, not for answers.")


def text_model(
    encoder: "Encoder", labels: Sequence[str], config: "FineTuningConfig"
) -> keras.Model:
    """An encoder with a layer behind it that gives two logits of each token: of start and end.

    Returns:
        the encoder's inputs, each (batch, length) int32, to (batch, length, 2) float32.
    """
    from kerastc.models.token_classifier import token_classifier

    settings = (config.trainable, config.dropout, config.seed)
    return token_classifier(encoder, 2, *settings, ("answer_finder", "ends"))


def loss(config: "TrainingConfig") -> keras.losses.Loss:
    """The loss of a training."""
    return SpanCrossEntropy(config.label_smoothing)


def teacher_loss(teaching: "Teaching", config: "TrainingConfig") -> keras.losses.Loss:
    """The loss of a training with a teacher."""
    return TeacherLoss(teaching.temperature, teaching.soft, teaching.hard, config.label_smoothing)


def judge(output: Spans) -> Judge:
    """The judge of a training."""
    return SpanJudge(output)

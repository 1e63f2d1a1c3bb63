"""The losses of an answer's place, from the true one and from a teacher.

A row of targets is one of

    (length,)      `NO_LABEL`, or the sum of `START` and `END` where they apply, for each token
    (length, 3)    the same, with a teacher's two logits; zeros in all of a row without a teacher
"""

import keras
from keras import ops

NO_LABEL = -100  # of a token that can neither begin nor end an answer, and of padding
# Of the others: whether the answer begins there, or ends there, or both.
NEITHER, START, END = 0, 1, 2
MASKED = -1e9  # a logit without a share


class SpanCrossEntropy(keras.losses.Loss):
    """The mean of the cross-entropies of start and end: Devlin et al. 2018, section 4.2.

    Probabilities are shares among the tokens of the context, with the first token for no answer. A
    row that is not labelled has 0.

    Args:
        label_smoothing: share of a label spread over all those tokens.

    Call:
        y_true: (batch, length) targets.
        y_pred: (batch, length, 2) logits.
        returns: (batch,).
    """

    def __init__(self, label_smoothing: float = 0.0, name="span_cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        return _cross_entropy(y_true, y_pred, self.label_smoothing)


class TeacherLoss(SpanCrossEntropy):
    """hard * cross-entropy(answer) + soft * T^2 * KL(teacher || student) of start and end.

    Args:
        temperature: T, by which both logits are divided; T^2 keeps the gradient's size.
        soft, hard: weights of the two parts.
        label_smoothing: as in `SpanCrossEntropy`.

    Call:
        y_true: (batch, length, 3) targets; (batch, length), labels alone, gives their plain
            cross-entropy: validation.
        y_pred: (batch, length, 2) logits.
        returns: (batch,).

    Reference: Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a Neural Network.
    """

    def __init__(self, temperature: float, soft: float, hard: float, label_smoothing: float = 0.0):
        super().__init__(label_smoothing, name="span_teacher_loss")
        self.temperature = temperature
        self.soft = soft
        self.hard = hard

    def call(self, y_true, y_pred):
        if len(y_true.shape) == 2:
            return _cross_entropy(y_true, y_pred)
        marks, teacher = y_true[:, :, 0], ops.cast(y_true[:, :, 1:], "float32")
        hard = _cross_entropy(marks, y_pred, self.label_smoothing)
        taught = ops.cast(ops.any(teacher != 0, axis=(1, 2)), "float32")
        said = log_shares(teacher / self.temperature, marks)
        own = log_shares(ops.cast(y_pred, "float32") / self.temperature, marks)
        divergence = ops.sum(ops.exp(said) * (said - own), axis=(1, 2)) / 2
        return self.hard * hard + self.soft * self.temperature**2 * divergence * taught


def log_shares(logits, marks):
    """Logarithms of the probabilities of start and end among the tokens that can be either.

    Args:
        logits: (batch, length, 2).
        marks: (batch, length) targets.
    """
    allowed = (ops.cast(marks, "int32") >= 0)[:, :, None]
    return ops.log_softmax(ops.where(allowed, ops.cast(logits, "float32"), MASKED), axis=1)


def wanted(marks):
    """Which tokens begin and end the answers, (batch, length, 2) float32."""
    known = ops.maximum(ops.cast(marks, "int32"), 0)
    return ops.cast(ops.stack([known % 2, known // 2], axis=-1), "float32")


def _cross_entropy(marks, logits, smoothing: float = 0.0):
    truth = wanted(marks)
    allowed = ops.cast(ops.cast(marks, "int32") >= 0, "float32")[:, :, None]
    labelled = ops.sum(truth, axis=1, keepdims=True)  # 1, or 0 in a row without an answer's place
    spread = allowed / ops.maximum(ops.sum(allowed, axis=1, keepdims=True), 1.0)
    shares = truth * (1 - smoothing) + labelled * spread * smoothing
    return -ops.sum(shares * log_shares(logits, marks), axis=(1, 2)) / 2

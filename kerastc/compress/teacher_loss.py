"""The loss of a student: the teacher's view of each row, and its label."""

import keras
from keras import ops


class TeacherLoss(keras.losses.Loss):
    """hard * cross-entropy(label) + soft * T^2 * KL(teacher || student), both of softened logits.

    Args:
        temperature: T, by which both logits are divided; T^2 keeps the gradient's size.
        soft, hard: weights of the two parts.
        label_smoothing: share of a label spread over all classes.

    Call:
        y_true: (batch, 2 classes): one-hot labels (zeros where a row has none), then the teacher's
            logits. (batch, classes), labels alone, gives their plain cross-entropy: validation.
        y_pred: (batch, classes) logits.
        returns: (batch,).

    `keras.distillation.LogitsDistillation(loss=KLDivergence())` has the same soft part; its model
    runs the teacher anew in every epoch and drops the weights of the rows.

    Reference: Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a Neural Network.
    """

    def __init__(
        self, temperature: float, soft: float, hard: float, label_smoothing: float = 0.0, **kwargs
    ):
        super().__init__(name="teacher_loss", **kwargs)
        self.temperature = temperature
        self.soft = soft
        self.hard = hard
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        classes = y_pred.shape[-1]
        y_pred = ops.cast(y_pred, "float32")
        if y_true.shape[-1] == classes:
            return _cross_entropy(y_true, y_pred)
        labels, logits = y_true[:, :classes], y_true[:, classes:]
        spread = ops.sum(labels, axis=-1, keepdims=True) * self.label_smoothing / classes
        hard = _cross_entropy(labels * (1 - self.label_smoothing) + spread, y_pred)
        teacher = ops.log_softmax(logits / self.temperature)
        student = ops.log_softmax(y_pred / self.temperature)
        divergence = ops.sum(ops.exp(teacher) * (teacher - student), axis=-1)
        return self.hard * hard + self.soft * self.temperature**2 * divergence


def _cross_entropy(targets, logits):
    return -ops.sum(targets * ops.log_softmax(logits), axis=-1)

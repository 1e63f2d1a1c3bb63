"""The losses of a tag for each word, from the labels and from a teacher.

A row of targets is one of

    (length,)            the numbers of the tags, `NO_LABEL` for a token without one
    (length, 1 + tags)   the same, and a teacher's logits; zeros where it says nothing
"""

import keras
from keras import ops

NO_LABEL = -100


class WordCrossEntropy(keras.losses.Loss):
    """The mean cross-entropy over the words of a batch.

    Args:
        label_smoothing: share of a label spread over all tags.

    Call:
        y_true: (batch, length) int targets.
        y_pred: (batch, length, tags) logits.
        returns: (batch, length), of which the mean over all places is the one over the words.
    """

    def __init__(self, label_smoothing: float = 0.0, name="word_cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        return _over_words(*_cross_entropy(y_true, y_pred, self.label_smoothing))


class TeacherLoss(WordCrossEntropy):
    """hard * cross-entropy(tag) + soft * T^2 * KL(teacher || student), the mean over the words.

    A word without a label has the second part alone, and one without a teacher the first.

    Args:
        temperature: T, by which both logits are divided; T^2 keeps the gradient's size.
        soft, hard: weights of the two parts.
        label_smoothing: share of a label spread over all tags.

    Call:
        y_true: (batch, length, 1 + tags) targets; (batch, length), labels alone, gives their plain
            cross-entropy: validation.
        y_pred: (batch, length, tags) logits.
        returns: (batch, length), as in `WordCrossEntropy`.

    Reference: Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a Neural Network.
    """

    def __init__(self, temperature: float, soft: float, hard: float, label_smoothing: float = 0.0):
        super().__init__(label_smoothing, name="word_teacher_loss")
        self.temperature = temperature
        self.soft = soft
        self.hard = hard

    def call(self, y_true, y_pred):
        if len(y_true.shape) == 2:
            return _over_words(*_cross_entropy(y_true, y_pred))
        hard, labelled = _cross_entropy(y_true[:, :, 0], y_pred, self.label_smoothing)
        soft, taught = _divergence(y_true[:, :, 1:], y_pred, self.temperature)
        return _over_words(self.hard * hard + self.soft * soft, ops.maximum(labelled, taught))


def _cross_entropy(tags, logits, smoothing: float = 0.0):
    """That of each place, 0 without a tag, and whether it has one: (batch, length) float32 each."""
    tags = ops.cast(tags, "int32")
    there = ops.cast(tags >= 0, "float32")
    wanted = ops.one_hot(ops.maximum(tags, 0), logits.shape[-1], dtype="float32")
    wanted = wanted * (1 - smoothing) + smoothing / logits.shape[-1]
    logs = ops.log_softmax(ops.cast(logits, "float32"))
    return -ops.sum(wanted * logs, axis=-1) * there, there


def _divergence(teacher, logits, temperature: float):
    """T^2 * KL of each place, 0 without a teacher, and whether it has one; as above."""
    teacher = ops.cast(teacher, "float32")
    there = ops.cast(ops.any(teacher != 0, axis=-1), "float32")
    said = ops.log_softmax(teacher / temperature)
    own = ops.log_softmax(ops.cast(logits, "float32") / temperature)
    divergence = ops.sum(ops.exp(said) * (said - own), axis=-1)
    return temperature**2 * divergence * there, there


def _over_words(losses, there):
    """The losses by a factor with which their mean over all places is that over the words."""
    return losses * ops.sum(ops.ones_like(there)) / ops.maximum(ops.sum(there), 1.0)

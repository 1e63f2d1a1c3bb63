"""The loss of words at some places: the cross-entropy over a vocabulary.

Targets are (batch, places) ids, negative at places that only fill a batch.
"""

import keras
from keras import ops


class PlaceCrossEntropy(keras.losses.Loss):
    """The mean cross-entropy over the places of a batch.

    Args:
        label_smoothing: share of a target spread over all tokens.
        weight: a factor.

    Call:
        y_true: (batch, places) int targets.
        y_pred: (batch, places, tokens) logits.
        returns: (batch, places), of which the mean over all is the one over the places that count.
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        weight: float = 1.0,
        name="place_cross_entropy",
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        self.label_smoothing = label_smoothing
        self.weight = weight

    def call(self, y_true, y_pred):
        losses, there = cross_entropy(y_true, y_pred, self.label_smoothing)
        factor = self.weight * ops.sum(ops.ones_like(there)) / ops.maximum(ops.sum(there), 1.0)
        return losses * factor


def cross_entropy(targets, logits, smoothing: float = 0.0):
    """That of each place, 0 where there is no target, and whether there is one; float32 each.

    Args:
        targets: (batch, places).
        logits: (batch, places, tokens).
        smoothing: as in `PlaceCrossEntropy`.
    """
    targets, logits = ops.cast(targets, "int32"), ops.cast(logits, "float32")
    there = ops.cast(targets >= 0, "float32")
    known = ops.maximum(targets, 0)[:, :, None]
    wanted = ops.take_along_axis(logits, known, axis=-1)[:, :, 0]
    if smoothing:
        wanted = (1 - smoothing) * wanted + smoothing * ops.mean(logits, axis=-1)
    return (ops.logsumexp(logits, axis=-1) - wanted) * there, there


def divergence(teacher, logits, there, temperature: float):
    """T^2 * KL(teacher || student), the mean over the places that count, a float32 scalar.

    Args:
        teacher: (batch, places, tokens) logits.
        logits: the student's, the same shape.
        there: (batch, places), 1 of the places that count, 0 of others.
        temperature: T, by which both are divided; T^2 keeps the gradient's size.

    Reference: Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a Neural Network.
    """
    there = ops.cast(there, "float32")
    said = ops.cast(teacher, "float32") / temperature
    own = ops.cast(logits, "float32") / temperature
    shares = ops.softmax(said)
    # A cross-entropy and its gradient are one operation on TensorFlow; the teacher's is a constant.
    found = ops.categorical_crossentropy(shares, own, from_logits=True)
    found -= ops.categorical_crossentropy(shares, said, from_logits=True)
    return temperature**2 * ops.sum(found * there) / ops.maximum(ops.sum(there), 1.0)

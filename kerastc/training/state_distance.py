"""How far a student's vectors are from its teacher's."""

from keras import ops


def cosine_distance(states, others, mask):
    """The mean of 1 - cosine over tokens, a float32 scalar.

    Args:
        states: (batch, length, width).
        others: the same shape; no gradient reaches them.
        mask: (batch, length), 0 of padding.

    Reference: Sanh et al. 2019, DistilBERT, section 2 (L_cos).
    """
    mask = ops.cast(mask, "float32")
    distances = 1 - ops.sum(_unit(states) * ops.stop_gradient(_unit(others)), axis=-1)
    return ops.sum(distances * mask) / ops.sum(mask)


def _unit(states):
    return ops.normalize(ops.cast(states, "float32"), axis=-1)

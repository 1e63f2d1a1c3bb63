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
    return _mean(1 - ops.sum(_unit(states) * ops.stop_gradient(_unit(others)), axis=-1), mask)


def squared_distance(states, others, mask):
    """The mean squared difference over tokens and dimensions; otherwise as `cosine_distance`.

    Reference: Jiao et al. 2020, TinyBERT, section 3.1, eq. 8.
    """
    apart = ops.cast(states, "float32") - ops.stop_gradient(ops.cast(others, "float32"))
    return _mean(ops.mean(ops.square(apart), axis=-1), mask)


def _mean(values, mask):
    """Of (batch, length) values, without padding."""
    mask = ops.cast(mask, "float32")
    return ops.sum(values * mask) / ops.sum(mask)


def _unit(states):
    return ops.normalize(ops.cast(states, "float32"), axis=-1)

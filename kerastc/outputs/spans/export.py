"""Answers in a SavedModel: TensorFlow Serving's answer."""

from collections.abc import Mapping, Sequence

import tensorflow as tf


def served(outputs: Mapping[str, tf.Tensor], labels: Sequence[str]) -> dict[str, tf.Tensor]:
    """What "serving_default" returns besides the outputs: each token's share of start and end.

    They are shares among all tokens; those of the question and of padding are for the caller to
    leave out.
    """
    shares = tf.nn.softmax(outputs["logits"], axis=1)
    return {"starts": shares[:, :, 0], "ends": shares[:, :, 1]}

"""Classes in a SavedModel: TensorFlow Serving's answer."""

from collections.abc import Mapping, Sequence

import tensorflow as tf


def served(outputs: Mapping[str, tf.Tensor], labels: Sequence[str]) -> dict[str, tf.Tensor]:
    """What "serving_default" returns besides the outputs: probabilities and the best class."""
    best = tf.gather(tf.constant(list(labels)), tf.argmax(outputs["logits"], axis=1))
    return {"probabilities": tf.nn.softmax(outputs["logits"]), "label": best}

"""Tags in a SavedModel: what TensorFlow Serving answers."""

from collections.abc import Mapping, Sequence

import tensorflow as tf


def served(outputs: Mapping[str, tf.Tensor], labels: Sequence[str]) -> dict[str, tf.Tensor]:
    """What "serving_default" gives beside the outputs: the best tag of each token, legal or not."""
    return {"tags": tf.gather(tf.constant(list(labels)), tf.argmax(outputs["logits"], axis=2))}

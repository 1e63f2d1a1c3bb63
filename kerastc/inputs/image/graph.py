"""From pixels as in files to the input of an image model, as TensorFlow operations."""

from collections.abc import Sequence

import tensorflow as tf


class ImageGraph(tf.Module):
    """Maps (batch, height, width, channels) uint8 to "images", the same in float32.

    Args:
        shape: height, width and channels.
    """

    def __init__(self, shape: Sequence[int]):
        super().__init__()
        self.input = tf.TensorSpec([None, *shape], tf.uint8, name="images")

    def __call__(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"images": tf.cast(images, tf.float32)}

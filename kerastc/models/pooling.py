"""From one vector per token to one per text, in float32 whatever the encoder's precision."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerastc")
class MeanPooling(keras.layers.Layer):
    """The mean over the tokens that are not padding.

    Call:
        sequence: (batch, length, width).
        padding_mask: (batch, length), 1 for tokens and 0 for padding.
        returns: (batch, width).
    """

    def call(self, sequence, padding_mask):
        weights = ops.expand_dims(ops.cast(padding_mask, sequence.dtype), -1)
        total = ops.sum(sequence * weights, axis=1)
        return total / ops.maximum(ops.sum(weights, axis=1), 1)

    def compute_output_shape(self, sequence_shape, padding_mask_shape):
        return (sequence_shape[0], sequence_shape[-1])


@keras.saving.register_keras_serializable("kerastc")
class FirstToken(keras.layers.Layer):
    """The vector of the first token ([CLS], <s>), as BERT's authors do.

    Call:
        sequence: (batch, length, width).
        padding_mask: unused; accepted so that all poolings are called alike.
        returns: (batch, width).
    """

    def call(self, sequence, padding_mask):
        return sequence[:, 0, :]

    def compute_output_shape(self, sequence_shape, padding_mask_shape):
        return (sequence_shape[0], sequence_shape[-1])

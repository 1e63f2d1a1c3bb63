"""Documents as windows within a model: divided before its encoder, pooled after it.

The rows are those of `kerastc.text.documents`.
"""

import keras
from keras import ops

from kerastc.models.sequence_encoder import INPUTS

KINDS = ("mean", "max", "attention")


@keras.saving.register_keras_serializable("kerastc")
class DivideIntoWindows(keras.layers.Layer):
    """Cuts rows into as few windows of equal length as the encoder needs.

    A window that is all padding keeps one token, since attention to nothing is not defined; its
    vector is left out afterwards.

    Args:
        window: the most tokens that the encoder reads at once.

    Call:
        inputs: {"token_ids", "padding_mask", ...}, each (batch, length) int32, where the length is
            a multiple of ceil(length / window), the number of windows.
        returns: the same, each (batch * windows, length / windows).
    """

    def __init__(self, window: int, **kwargs):
        super().__init__(**kwargs)
        self.window = window

    def call(self, inputs):
        length = ops.shape(inputs["token_ids"])[1]
        each = length // ((length + self.window - 1) // self.window)
        found = {name: ops.reshape(array, (-1, each)) for name, array in inputs.items()}
        mask = found["padding_mask"]
        found["padding_mask"] = ops.concatenate([ops.ones_like(mask[:, :1]), mask[:, 1:]], axis=1)
        return found

    def compute_output_spec(self, inputs):
        return {
            name: keras.KerasTensor((None, None), array.dtype) for name, array in inputs.items()
        }

    def get_config(self):
        return super().get_config() | {"window": self.window}


@keras.saving.register_keras_serializable("kerastc")
class WindowPooling(keras.layers.Layer):
    """From one vector per window to one per document.

    "attention" is the weighted mean sum_t a_t h_t with a = softmax(u_t . q), u_t = tanh(W h_t + b),
    and a learned query q. It starts at 0, where the weights are those of the mean.

    Args:
        kind: "mean", "max" or "attention".

    Call:
        features: (batch * windows, width), or (batch, windows, width).
        padding_mask: (batch, length) or (batch, windows), 1 for tokens and 0 for padding; a window
            without a token is left out.
        returns: (batch, width).

    References: Yang et al. 2016, Hierarchical Attention Networks for Document Classification,
    section 2.2; Sun et al. 2019, How to Fine-Tune BERT for Text Classification?, section 5.3.1,
    compares the three with a document's first tokens alone.
    """

    def __init__(self, kind: str = "mean", seed: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.kind = kind
        self.seed = seed

    def build(self, features_shape, padding_mask_shape):
        if self.kind == "attention":
            width = features_shape[-1]
            initializer = keras.initializers.GlorotUniform(seed=self.seed)
            self.matrix = self.add_weight(
                shape=(width, width), initializer=initializer, name="matrix"
            )
            self.bias = self.add_weight(shape=(width,), initializer="zeros", name="bias")
            self.query = self.add_weight(shape=(width,), initializer="zeros", name="query")

    def call(self, features, padding_mask):
        batch, width = ops.shape(padding_mask)[0], features.shape[-1]
        features = ops.reshape(features, (batch, -1, width))
        windows = ops.shape(features)[1]
        mask = ops.cast(ops.reshape(padding_mask, (batch, windows, -1)), features.dtype)
        there = ops.max(mask, axis=2)
        if self.kind == "max":
            return ops.max(features - 1e9 * (1 - ops.expand_dims(there, -1)), axis=1)
        if self.kind == "mean":
            shares = there / ops.maximum(ops.sum(there, axis=1, keepdims=True), 1)
        else:
            units = ops.tanh(ops.matmul(features, self.matrix) + self.bias)
            scores = ops.sum(units * self.query, axis=-1)
            # Spelled out, because Keras warns of a softmax over a single window.
            highest = ops.max(scores - 1e9 * (1 - there), axis=1, keepdims=True)
            weights = there * ops.exp(ops.minimum(scores - highest, 0))
            shares = weights / ops.maximum(ops.sum(weights, axis=1, keepdims=True), 1e-9)
        return ops.sum(features * ops.expand_dims(shares, -1), axis=1)

    def compute_output_spec(self, features, padding_mask):
        return keras.KerasTensor((padding_mask.shape[0], features.shape[-1]), self.compute_dtype)

    def get_config(self):
        return super().get_config() | {"kind": self.kind, "seed": self.seed}


def window_inputs(width: int) -> dict[str, keras.KerasTensor]:
    """Symbolic inputs of the part of a model after its frozen encoder: the features of windows,
    (batch, windows, width) float32, and 1 for each that is there, (batch, windows) int32."""
    return {
        "features": keras.Input((None, width), dtype="float32", name="features"),
        INPUTS[1]: keras.Input((None,), dtype="int32", name=INPUTS[1]),
    }

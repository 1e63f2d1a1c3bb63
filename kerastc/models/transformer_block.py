"""One block of a BERT-like encoder whose parts may each have their own size."""

import keras
from keras import ops

from kerastc.models.recomputed import recomputed, repeatable

PARTS = ("query", "key", "value", "projection", "inner", "outer")
NEGLIGIBLE = -1e4  # added to the score of padding; its softmax is zero, in half precision too


@keras.saving.register_keras_serializable("kerastc")
class TransformerBlock(keras.layers.Layer):
    """Self-attention and feed-forward, each followed by a residual and a normalisation.

    Unlike KerasHub's it is made of given layers, and saves each with its configuration:
    a projection can be narrower than in the next block, or a `LowRankDense`.

    Args:
        query, key, value: dense layers of one width, heads times the width of a head.
        projection: dense, from the heads back to the width of the block.
        inner, outer: the two dense layers of the feed-forward part.
        heads: attention heads.
        activation: of the feed-forward part: "gelu", "gelu_tanh" (its approximation), "relu".
        dropout: rate after attention weights and after both parts.
        epsilon: of the normalisations.

    Call:
        inputs: (batch, length, width).
        padding_mask: (batch, length), 1 for tokens and 0 for padding.
        projected: queries, keys and values of the inputs, if they are there already.
        returns: (batch, length, width).

    Reference: Vaswani et al. 2017, Attention Is All You Need, section 3; Devlin et al. 2018, BERT.
    """

    def __init__(
        self,
        query,
        key,
        value,
        projection,
        inner,
        outer,
        heads: int,
        activation: str = "gelu",
        dropout: float = 0.1,
        epsilon: float = 1e-12,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.query, self.key, self.value, self.projection = query, key, value, projection
        self.inner, self.outer = inner, outer
        self.heads = heads
        self.activation = activation
        self.dropout = dropout
        self.epsilon = epsilon
        policy = self.dtype_policy
        self.attention_norm = keras.layers.LayerNormalization(
            epsilon=epsilon, dtype=policy, name="attention_norm"
        )
        self.feed_forward_norm = keras.layers.LayerNormalization(
            epsilon=epsilon, dtype=policy, name="feed_forward_norm"
        )
        # One generator each, so that the order of the calls does not matter.
        self.weights_dropout, self.attention_dropout, self.feed_forward_dropout = (
            keras.layers.Dropout(dropout, seed=0, dtype=policy, name=f"{name}_dropout")
            for name in ("weights", "attention", "feed_forward")
        )

    @classmethod
    def of_sizes(cls, width: int, inner: int, heads: int, dtype=None, **kwargs):
        """An unfilled block of plain dense layers.

        Args:
            width: of the block, and of its concatenated heads.
            inner: neurons of the feed-forward part.
            heads: attention heads.
            dtype: policy; Keras's global one by default.
            kwargs: as in the class.
        """
        sizes = dict.fromkeys(PARTS, width) | {"inner": inner}
        parts = {name: keras.layers.Dense(n, dtype=dtype, name=name) for name, n in sizes.items()}
        return cls(**parts, heads=heads, dtype=dtype, **kwargs)

    @property
    def parts(self) -> list[keras.layers.Layer]:
        """Its layers with weights, in the same order whichever were replaced."""
        dense = [getattr(self, name) for name in PARTS]
        return [*dense, self.attention_norm, self.feed_forward_norm]

    def build(self, input_shape):
        for layer in (self.query, self.key, self.value, self.inner):
            _build(layer, input_shape)
        _build(self.projection, (*input_shape[:-1], self.value.units))
        _build(self.outer, (*input_shape[:-1], self.inner.units))
        self.attention_norm.build(input_shape)
        self.feed_forward_norm.build(input_shape)
        self.built = True

    def call(self, inputs, padding_mask, training=None, projected=None):
        x = self.projection(self.attend(inputs, padding_mask, training, projected))
        x = self.attention_dropout(x, training=training)
        x = between = self.attention_norm(inputs + x)
        x = self.outer(self.activate(self.inner(x)))
        x = self.feed_forward_dropout(x, training=training)
        return self.feed_forward_norm(between + x)

    def projected(self, x) -> list:
        """Queries, keys and values of all heads: (batch, length, heads x width of a head) each."""
        return [layer(x) for layer in (self.query, self.key, self.value)]

    def attend(self, x, padding_mask, training=None, projected=None):
        """The concatenated outputs of the heads: (batch, length, heads x width of a head)."""
        scale = (self.query.units // self.heads) ** -0.5
        query, key, value = (split(part, self.heads) for part in projected or self.projected(x))
        hidden = (1 - ops.cast(padding_mask, query.dtype)) * NEGLIGIBLE
        dropped = repeatable(self.weights_dropout, training)

        def gathered(query, key, value):
            scores = ops.matmul(query * scale, ops.transpose(key, (0, 1, 3, 2)))
            weights = ops.softmax(scores + hidden[:, None, None, :])
            return ops.matmul(dropped(weights), value)

        # The weights, (batch, heads, length, length), are the largest tensors of a training.
        x = ops.transpose(recomputed(gathered, query, key, value), (0, 2, 1, 3))
        return ops.reshape(x, (-1, ops.shape(x)[1], self.value.units))

    def activate(self, x):
        """The activation of the feed-forward part."""
        if self.activation == "relu":
            return ops.relu(x)
        return recomputed(lambda x: ops.gelu(x, approximate=self.activation == "gelu_tanh"), x)

    def compute_output_spec(self, inputs, padding_mask, training=None, projected=None):
        return keras.KerasTensor(inputs.shape, self.compute_dtype)

    def get_config(self):
        parts = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in PARTS}
        return (
            super().get_config()
            | parts
            | {
                "heads": self.heads,
                "activation": self.activation,
                "dropout": self.dropout,
                "epsilon": self.epsilon,
            }
        )

    @classmethod
    def from_config(cls, config):
        parts = {name: keras.saving.deserialize_keras_object(config[name]) for name in PARTS}
        return cls(**(config | parts))


def split(x, heads: int):
    """(batch, length, heads x width) to (batch, heads, length, width)."""
    length, width = ops.shape(x)[1], x.shape[-1] // heads
    return ops.transpose(ops.reshape(x, (-1, length, heads, width)), (0, 2, 1, 3))


def _build(layer: keras.layers.Layer, shape) -> None:
    if not layer.built:
        layer.build(shape)

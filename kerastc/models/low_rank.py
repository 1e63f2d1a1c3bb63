"""Layers whose kernel is a product of two thin matrices."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerastc")
class LowRankDense(keras.layers.Layer):
    """A dense layer with the kernel left @ right, of rank at most `rank`.

    Smaller and faster than a `Dense` of m inputs and n units where rank < m n / (m + n).

    Args:
        units: n, the outputs.
        rank: columns of left and rows of right.
        use_bias: whether a bias is added.
        activation: as in `keras.layers.Dense`.

    Call:
        inputs: (..., m).
        returns: (..., n).

    Reference: Denton et al. 2014, Exploiting Linear Structure Within Convolutional Networks.
    """

    def __init__(self, units: int, rank: int, use_bias: bool = True, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.rank = rank
        self.use_bias = use_bias
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        inputs = input_shape[-1]
        self.left = self.add_weight(shape=(inputs, self.rank), name="left")
        self.right = self.add_weight(shape=(self.rank, self.units), name="right")
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
        self.built = True

    def call(self, inputs):
        x = ops.matmul(ops.matmul(inputs, self.left), self.right)
        if self.bias is not None:
            x = ops.add(x, self.bias)
        return self.activation(x)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return super().get_config() | {
            "units": self.units,
            "rank": self.rank,
            "use_bias": self.use_bias,
            "activation": keras.activations.serialize(self.activation),
        }


@keras.saving.register_keras_serializable("kerastc")
class FactorisedEmbedding(keras.layers.Layer):
    """An embedding of few dimensions, and a matrix that widens it.

    Args:
        input_dim: rows of the table, one a token.
        rank: columns of the table.
        output_dim: size of the vectors that come out.

    Call:
        inputs: ids, any shape, int.
        returns: (..., output_dim).

    Reference: Lan et al. 2019, ALBERT, section 3.1.
    """

    def __init__(self, input_dim: int, rank: int, output_dim: int, **kwargs):
        super().__init__(**kwargs)
        self.input_dim = input_dim
        self.rank = rank
        self.output_dim = output_dim

    def build(self, input_shape=None):
        self.embeddings = self.add_weight(
            shape=(self.input_dim, self.rank), initializer="uniform", name="embeddings"
        )
        self.widening = self.add_weight(shape=(self.rank, self.output_dim), name="widening")
        self.built = True

    def call(self, inputs):
        return ops.matmul(ops.take(self.embeddings, inputs, axis=0), self.widening)

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.output_dim)

    def get_config(self):
        return super().get_config() | {
            "input_dim": self.input_dim,
            "rank": self.rank,
            "output_dim": self.output_dim,
        }

"""Layers whose kernel is a product of two thin matrices."""

import keras
import numpy as np
from keras import ops


def kernel(layer: keras.layers.Layer) -> np.ndarray:
    """A layer's matrix, (..., inputs, outputs) float32, with factors multiplied out."""
    convert = keras.ops.convert_to_numpy
    if not hasattr(layer, "left"):
        return convert(layer.kernel).astype("float32")
    left, right = convert(layer.left), convert(layer.right)
    return (left @ right.reshape(right.shape[-2:])).astype("float32")


@keras.saving.register_keras_serializable("kerastc")
class LowRankDense(keras.layers.Layer):
    """A dense layer with the kernel left @ right, of rank at most `rank`.

    Smaller and faster than a `Dense` of m inputs and n units if rank < m n / (m + n).

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
    """An embedding of few dimensions, and a matrix that expands it.

    Args:
        input_dim: rows of the table, one per token.
        rank: columns of the table.
        output_dim: size of the output vectors.

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


@keras.saving.register_keras_serializable("kerastc")
class LowRankConv2D(keras.layers.Layer):
    """A convolution to few channels, and a matrix that expands them at each position.

    Args:
        filters: output channels.
        rank: channels between the two.
        kernel_size, strides, padding, use_bias, activation: as in `keras.layers.Conv2D`.

    Call:
        inputs: (batch, height, width, m).
        returns: (batch, new height, new width, filters).

    Reference: Zhang et al. 2016, Accelerating Very Deep Convolutional Networks, section 3.
    """

    def __init__(
        self,
        filters: int,
        rank: int,
        kernel_size,
        strides=1,
        padding: str = "valid",
        use_bias: bool = True,
        activation=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.rank = rank
        self.kernel_size = tuple(kernel_size)
        self.strides = strides
        self.padding = padding
        self.use_bias = use_bias
        self.activation = keras.activations.get(activation)

    @classmethod
    def like(cls, layer: keras.layers.Conv2D, rank: int) -> "LowRankConv2D":
        """One that can replace a plain convolution.

        Raises:
            ValueError: for groups, dilation, or channels first.
        """
        if layer.groups != 1 or set(layer.dilation_rate) != {1}:
            raise ValueError(f"{layer.name}: groups and dilation have no low-rank form here.")
        return cls(
            layer.filters,
            rank,
            layer.kernel_size,
            layer.strides,
            layer.padding,
            layer.use_bias,
            layer.activation,
            name=layer.name,
            dtype=layer.dtype_policy,
        )

    def build(self, input_shape):
        shape = (*self.kernel_size, input_shape[-1], self.rank)
        self.left = self.add_weight(shape=shape, name="left")
        self.right = self.add_weight(shape=(1, 1, self.rank, self.filters), name="right")
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")
        self.built = True

    def call(self, inputs):
        x = ops.conv(inputs, self.left, self.strides, self.padding, data_format="channels_last")
        x = ops.conv(x, self.right, 1, "valid", data_format="channels_last")
        if self.bias is not None:
            x = ops.add(x, self.bias)
        return self.activation(x)

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "rank": self.rank,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "use_bias": self.use_bias,
            "activation": keras.activations.serialize(self.activation),
        }

"""An encoder that says what masked tokens are: the head of BertForMaskedLM.

Of each place that is asked for: dense, GELU, norm, then the products with the encoder's own token
table, and a bias for each token (Devlin et al. 2018, https://github.com/google-research/bert,
run_pretraining.py, get_masked_lm_output). The places are gathered first: what is as wide as the
vocabulary is made for them alone.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from kerastc.models.block_parts import activation_of, epsilon_of
from kerastc.models.dropout_seeds import seed_dropout
from kerastc.models.sequence_encoder import SequenceEncoder, reads_segments, token_inputs

POSITIONS = "masked_positions"
PLACES = "places"  # the layer that gathers them
DENSE, NORM, BIAS = "word_dense", "word_norm", "word_bias"  # layers
NEVER = -100.0  # bias of a token that the model has not learned to say: a share of exp(-100)


@keras.saving.register_keras_serializable("kerastc")
class AtPositions(keras.layers.Layer):
    """Vectors of some places of each row.

    Call:
        inputs: (batch, length, width).
        positions: (batch, places) int32.
        returns: (batch, places, width).
    """

    def build(self, input_shape, *_):
        self.built = True

    def call(self, inputs, positions):
        batch, length = ops.shape(inputs)[0], ops.shape(inputs)[1]
        first = ops.arange(batch, dtype="int32")[:, None] * ops.cast(length, "int32")
        rows = ops.reshape(inputs, (-1, inputs.shape[-1]))
        return ops.take(rows, ops.cast(positions, "int32") + first, axis=0)

    def compute_output_spec(self, inputs, positions):
        shape = (*positions.shape, inputs.shape[-1])
        return keras.KerasTensor(shape, self.compute_dtype)


@keras.saving.register_keras_serializable("kerastc")
class WordBias(keras.layers.Layer):
    """Adds a number for each token.

    Call:
        inputs: (..., tokens).
        returns: the same shape.
    """

    def build(self, input_shape):
        self.bias = self.add_weight((input_shape[-1],), "zeros", name="bias")
        self.built = True

    def call(self, inputs):
        return inputs + ops.cast(self.bias, inputs.dtype)


@dataclass(frozen=True, eq=False)
class HeadWeights:
    """A `WordHead` as arrays, from which another encoder gets one.

    Args:
        activation, epsilon: as in `WordHead.new`.
        kernel, dense_bias: of the dense layer, (inputs, width) and (width,).
        gamma, beta: of the norm, (width,).
        bias: of each token, (tokens,).
    """

    activation: str
    epsilon: float
    kernel: np.ndarray
    dense_bias: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray
    bias: np.ndarray


class WordHead:
    """The layers behind the encoder of a language model.

    Args:
        dense, norm: layers, from a vector of the encoder to one of its token table's width.
        bias: a `WordBias`.
    """

    def __init__(self, dense: keras.layers.Layer, norm: keras.layers.Layer, bias: WordBias):
        self.dense, self.norm, self.bias = dense, norm, bias

    @classmethod
    def new(
        cls,
        encoder: SequenceEncoder,
        seed: int,
        activation: str | None = None,
        epsilon: float | None = None,
    ) -> "WordHead":
        """An untrained head.

        Args:
            encoder: the layer that it belongs to.
            seed: of the first weights: truncated normal of 0.02, as BERT's.
            activation: "gelu", "gelu_tanh", its approximation, or "relu"; the encoder's by default.
            epsilon: of the norm; that of the encoder's norms by default.
        """
        block = encoder.blocks[0]
        activation = activation or activation_of(block)
        epsilon = epsilon_of(block) if epsilon is None else epsilon
        initializer = keras.initializers.TruncatedNormal(stddev=0.02, seed=seed)
        act = gelu_tanh if activation == "gelu_tanh" else activation
        units = encoder.tokens.output_dim
        dense = keras.layers.Dense(units, act, kernel_initializer=initializer, name=DENSE)
        norm = keras.layers.LayerNormalization(epsilon=epsilon, name=NORM)
        return cls(dense, norm, WordBias(dtype="float32", name=BIAS))

    @classmethod
    def of(cls, model: keras.Model) -> "WordHead":
        """The head of a `masked_model`."""
        return cls(*map(model.get_layer, (DENSE, NORM, BIAS)))

    def said(self, encoder: SequenceEncoder, vectors):
        """The logits of each token, (..., tokens), at vectors of an encoder, (..., width)."""
        return self.bias(encoder(self.norm(self.dense(vectors)), reverse=True))


def masked_model(
    encoder: SequenceEncoder, head: WordHead, segments: bool = False, seed: int | None = None
) -> keras.Model:
    """Builds encoder → places → dense, GELU → norm → token table → bias.

    Args:
        encoder: becomes part of the model: training the model changes it.
        head: likewise.
        segments: whether the model takes the index of the text that each token is from.
        seed: of every dropout; None leaves them.

    Returns:
        {"token_ids", "padding_mask"} and, with segments, "segment_ids", each (batch, length) int32,
        and "masked_positions" (batch, places) int32, to logits (batch, places, tokens) float32.
    """
    inputs = token_inputs(segments)
    positions = keras.Input((None,), dtype="int32", name=POSITIONS)
    logits = head.said(encoder, AtPositions(name=PLACES)(encoder(inputs), positions))
    model = keras.Model({**inputs, POSITIONS: positions}, logits, name="language_model")
    if seed is not None:
        seed_dropout(model, seed)
    return model


def head_weights(model: keras.Model) -> HeadWeights | None:
    """Those of a `masked_model`; None of any other."""
    if not any(layer.name == BIAS for layer in model.layers):
        return None
    head = WordHead.of(model)
    values = [value for layer in (head.dense, head.norm) for value in layer.get_weights()]
    activation = head.dense.activation.__name__
    return HeadWeights(activation, head.norm.epsilon, *values, head.bias.get_weights()[0])


def with_head(
    encoder: SequenceEncoder, weights: HeadWeights, segments: bool = False, seed: int | None = None
) -> keras.Model:
    """A `masked_model` with the weights of a head; arguments as there."""
    head = WordHead.new(encoder, seed or 0, weights.activation, weights.epsilon)
    model = masked_model(encoder, head, segments, seed)
    head.dense.set_weights([weights.kernel, weights.dense_bias])
    head.norm.set_weights([weights.gamma, weights.beta])
    head.bias.set_weights([weights.bias])
    return model


def with_all_tokens(model: keras.Model, encoder: SequenceEncoder, kept: np.ndarray) -> keras.Model:
    """A model that was trained with some tokens, with all of them: it never says the others.

    Args:
        model: a `masked_model`.
        encoder: its own, with a token table of all tokens.
        kept: the ids there of the model's tokens, (tokens,) int.
    """
    head = WordHead.of(model)
    values = np.full(encoder.tokens.embeddings.shape[0], NEVER, np.float32)
    values[kept] = ops.convert_to_numpy(head.bias.bias)
    head.bias = WordBias(dtype="float32", name=BIAS)
    whole = masked_model(encoder, head, reads_segments(model))
    head.bias.bias.assign(values)
    return whole


@keras.saving.register_keras_serializable("kerastc")
def gelu_tanh(x):
    """GELU by its approximation with a hyperbolic tangent."""
    return ops.gelu(x, approximate=True)

"""AWD-LSTM: the encoder of a language model that reads from left to right.

Merity, Keskar and Socher 2017, Regularizing and Optimizing LSTM Language Models
(https://arxiv.org/abs/1708.02182): LSTM layers whose recurrent weights are dropped, dropout that is
one for all steps, and a table that is shared by what is read and what is said. It has 1150 hidden
units between vectors of 400, as Howard and Ruder 2018 (ULMFiT) have.
"""

import keras
from keras import ops

from kerastc.models.lstm import lstm


@keras.saving.register_keras_serializable("kerastc")
class WeightDropLSTM(keras.layers.Layer):
    """An LSTM whose recurrent weights are dropped: DropConnect (Merity et al. 2017, section 2).

    One mask holds for all steps and rows of a call; what stays is divided by its probability.

    Args:
        units: of its state.
        rate: share of the recurrent weights that is dropped in training.
        seed: of the first weights, uniform up to 1 / sqrt(units), and of the masks.

    Call:
        inputs: (length, batch, width).
        hidden, cell: (batch, units), the state before the first step.
        returns: (length, batch, units), and the state after the last step.
    """

    def __init__(self, units: int, rate: float = 0.0, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.units, self.rate, self.seed = units, rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape, *_):
        bound = self.units**-0.5
        seeds = keras.random.SeedGenerator(self.seed)
        for name, width in (("kernel", input_shape[-1]), ("recurrent_kernel", self.units)):
            uniform = keras.initializers.RandomUniform(-bound, bound, seed=seeds)
            weight = self.add_weight((width, 4 * self.units), uniform, name=name)
            setattr(self, name, weight)
        self.bias = self.add_weight((4 * self.units,), "zeros", name="bias")
        self.built = True

    def call(self, inputs, hidden, cell, training=None):
        recurrent = ops.copy(self.recurrent_kernel)  # no variable: TensorFlow's gradient asks so
        if training and self.rate:
            recurrent = keras.random.dropout(recurrent, self.rate, seed=self.seed_generator)
        kernel, bias = map(ops.convert_to_tensor, (self.kernel, self.bias))
        return lstm(inputs, hidden, cell, kernel, recurrent, bias)

    def compute_output_spec(self, inputs, hidden, cell, training=None):
        length, batch, _ = inputs.shape
        shapes = (length, batch, self.units), (batch, self.units), (batch, self.units)
        return tuple(keras.KerasTensor(shape, self.compute_dtype) for shape in shapes)

    def get_config(self):
        own = {"units": self.units, "rate": self.rate, "seed": self.seed}
        return super().get_config() | own


@keras.saving.register_keras_serializable("kerastc")
class AwdLstm(keras.layers.Layer):
    """Vectors of tokens, each of which knows those before it; and what tokens vectors say.

    Its state is given and returned: long texts are read piece by piece, and gradients end with a
    piece (truncated back-propagation). Places behind a text's end change nothing before it.

    Keras clears the losses of a layer that is called again outside of another layer, which is what
    its training on JAX does with a functional model: a model with both calls is trained inside
    another one.

    Args:
        tokens: of the table.
        width: of the table and of the last layer.
        hidden: units of the layers between.
        depth: layers.
        embedding_dropout: share of the tokens that are dropped wherever they occur (section 4.3).
        input_dropout: share of the numbers of the vectors read that is dropped, and below one mask
            for all places of a row (section 4.2).
        hidden_dropout: likewise between layers.
        output_dropout: likewise behind the last.
        weight_dropout: share of the recurrent weights, as in `WeightDropLSTM`.
        activation: factor of the mean square of the outputs after dropout, which is added to the
            loss (section 4.7, alpha).
        change: likewise of that of the difference from place to place, before dropout (beta).
        seed: of the first weights and the masks.

    Call:
        inputs: (batch, length) int32 tokens; or vectors (batch, ..., width), if reversed.
        state: (batch, `state_size`), the hidden and the cell state of each layer behind one
            another; zeros by default.
        reverse: whether to give the products of vectors with the table, (batch, ..., tokens).
        returns: (batch, length, width), and the state after the last place.

    Attributes:
        units: of each layer.
        state_size: twice their sum.
    """

    def __init__(
        self,
        tokens: int,
        width: int = 256,
        hidden: int = 512,
        depth: int = 3,
        *,
        embedding_dropout: float = 0.0,
        input_dropout: float = 0.0,
        hidden_dropout: float = 0.0,
        output_dropout: float = 0.0,
        weight_dropout: float = 0.0,
        activation: float = 0.0,
        change: float = 0.0,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.sizes = {"tokens": tokens, "width": width, "hidden": hidden, "depth": depth}
        self.rates = {
            "embedding_dropout": embedding_dropout,
            "input_dropout": input_dropout,
            "hidden_dropout": hidden_dropout,
            "output_dropout": output_dropout,
            "weight_dropout": weight_dropout,
        }
        self.penalties = {"activation": activation, "change": change}
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(_next(seed, 0))
        uniform = keras.initializers.RandomUniform(-0.1, 0.1, seed=_next(seed, 1))
        policy = self.dtype_policy
        self.tokens = keras.layers.Embedding(tokens, width, uniform, dtype=policy, name="tokens")
        self.units = [hidden] * (depth - 1) + [width]
        self.state_size = 2 * sum(self.units)
        self.blocks = [
            WeightDropLSTM(
                units, weight_dropout, _next(seed, 2 + number), dtype=policy, name=f"lstm_{number}"
            )
            for number, units in enumerate(self.units)
        ]
        rates = [input_dropout, *[hidden_dropout] * (depth - 1), output_dropout]
        self.dropouts = [
            keras.layers.Dropout(
                rate,
                noise_shape=(1, None, None),  # of (length, batch, units)
                seed=_next(seed, 2 + depth + number),
                dtype=policy,
                name=f"dropout_{number}",
            )
            for number, rate in enumerate(rates)
        ]

    def build(self, *_):
        self.tokens.build()
        widths = [self.sizes["width"], *self.units]
        for block, dropout, width in zip(self.blocks, self.dropouts, widths, strict=False):
            dropout.build((None, None, width))
            block.build((None, None, width))
        self.dropouts[-1].build((None, None, widths[-1]))
        self.built = True

    def call(self, inputs, state=None, training=None, reverse=False):
        if reverse:
            table = ops.cast(self.tokens.embeddings, self.compute_dtype)
            return ops.matmul(inputs, ops.transpose(table))
        vectors = self.dropouts[0](self.embedded(inputs, training), training=training)
        if state is None:
            state = ops.zeros((ops.shape(inputs)[0], self.state_size))
        state, begin, after = ops.cast(state, self.compute_dtype), 0, []
        for block, dropout in zip(self.blocks, self.dropouts[1:], strict=True):
            middle, end = begin + block.units, begin + 2 * block.units
            hidden, cell = state[:, begin:middle], state[:, middle:end]
            raw, *ended = block(vectors, hidden, cell, training=training)
            vectors = dropout(raw, training=training)
            after += ended
            begin = end
        if training:
            self._penalise(raw, vectors)
        return ops.transpose(vectors, (1, 0, 2)), ops.concatenate(after, axis=-1)

    def embedded(self, inputs, training=None):
        """The vectors of tokens, (batch, length) int32, as (length, batch, width).

        In training some tokens have none, and what stays is divided by its probability.
        """
        ids = ops.transpose(ops.cast(inputs, "int32"))
        vectors = self.tokens(ids)
        if training and (rate := self.rates["embedding_dropout"]):
            ones = ops.ones((self.sizes["tokens"], 1), self.compute_dtype)
            kept = keras.random.dropout(ones, rate, seed=self.seed_generator)
            vectors = vectors * ops.take(kept, ids, axis=0)
        return vectors

    def _penalise(self, raw, dropped):
        """Adds to the loss what large and changing activations cost; (length, batch, width)."""
        raw, dropped = ops.cast(raw, "float32"), ops.cast(dropped, "float32")
        if factor := self.penalties["activation"]:
            self.add_loss(factor * ops.mean(ops.square(dropped)))
        if factor := self.penalties["change"]:
            changes = ops.sum(ops.square(raw[1:] - raw[:-1]))
            places = (ops.shape(raw)[0] - 1) * ops.shape(raw)[1] * raw.shape[2]
            self.add_loss(factor * changes / ops.maximum(ops.cast(places, "float32"), 1.0))

    def compute_output_spec(self, inputs, state=None, training=None, reverse=False):
        def spec(*shape):
            return keras.KerasTensor(shape, self.compute_dtype)

        if reverse:
            return spec(*inputs.shape[:-1], self.sizes["tokens"])
        batch, length = inputs.shape
        return spec(batch, length, self.units[-1]), spec(batch, self.state_size)

    def get_config(self):
        own = {**self.sizes, **self.rates, **self.penalties, "seed": self.seed}
        return super().get_config() | own


def _next(seed: int | None, number: int) -> int | None:
    """The seed of one of several draws."""
    return None if seed is None else seed + 1000 * number

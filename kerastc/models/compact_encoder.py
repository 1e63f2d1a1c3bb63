"""A BERT-like encoder made of parts that compression can replace one by one."""

import keras
import numpy as np
from keras import ops

from kerastc.models import low_rank  # noqa: F401  (registers layers for blocks)
from kerastc.models.sequence_encoder import SEGMENTS, SequenceEncoder
from kerastc.models.transformer_block import TransformerBlock


@keras.saving.register_keras_serializable("kerastc")
class CompactEncoder(SequenceEncoder):
    """Embeddings, normalisation and blocks, each of which can be another layer.

    It saves every part with its configuration, so blocks may differ in width, rank and number of
    heads, which KerasHub's backbones cannot. `kerastc.models.compact` converts those.

    ALBERT (Lan et al. 2019) is one with narrow embeddings, an expansion, and an order in which the
    same blocks run several times.

    Args:
        tokens: an `Embedding` or a `FactorisedEmbedding`.
        positions: an `Embedding` with a row for each position; it bounds the length of a text.
        blocks: `TransformerBlock`s, bottom up.
        dropout: rate after the embeddings.
        epsilon: of the normalisation.
        segments: an `Embedding` with a row for each of two texts; None if there is one.
        expansion: a dense layer from the width of the embeddings to that of the blocks; None if
            they are the same.
        order: the indices of the blocks in the order in which they run; None: once, bottom up.
        tuned: as in `SequenceEncoder`; dropout is on in training unless it is "head".
    """

    pooler = None

    def __init__(
        self,
        tokens,
        positions,
        blocks,
        dropout: float = 0.1,
        epsilon: float = 1e-12,
        segments=None,
        expansion=None,
        order=None,
        tuned: str = "all",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.tokens = tokens
        self.positions = positions
        self.segments = segments
        self.expansion = expansion
        self.blocks = list(blocks)
        once = order is None or list(order) == list(range(len(self.blocks)))
        self.order = None if once else tuple(order)
        self.dropout = dropout
        self.epsilon = epsilon
        self.norm = keras.layers.LayerNormalization(
            epsilon=epsilon, dtype=self.dtype_policy, name="norm"
        )
        self.embedding_dropout = keras.layers.Dropout(
            dropout, seed=0, dtype=self.dtype_policy, name="embedding_dropout"
        )
        self.tune(tuned)

    @property
    def width(self) -> int:
        return self.positions.output_dim if self.expansion is None else self.expansion.units

    @property
    def runs(self) -> list[keras.layers.Layer]:
        """The blocks as they run, a shared one several times."""
        return self.blocks if self.order is None else [self.blocks[i] for i in self.order]

    @property
    def max_length(self) -> int:
        return self.positions.input_dim

    @property
    def tables(self) -> dict[str, keras.layers.Layer]:
        """The embeddings that are added, by the name of the attribute."""
        tables = {"tokens": self.tokens, "positions": self.positions}
        return tables | ({} if self.segments is None else {"segments": self.segments})

    def build(self, input_shape):
        narrow, sequences = ((None, None, n) for n in (self.positions.output_dim, self.width))
        for table in self.tables.values():
            if not table.built:
                table.build((None, None))
        self.norm.build(narrow)
        if self.expansion is not None and not self.expansion.built:
            self.expansion.build(narrow)
        for block in self.blocks:
            if not block.built:
                block.build(sequences)
        self.built = True

    def call(self, inputs, training=None, reverse=False):
        return self.products(inputs) if reverse else self.states(inputs, training)[-1]

    def states(self, inputs, training=None) -> list:
        """The embeddings and the outputs of each run of a block, (batch, length, width) each."""
        return self.observed(inputs, training)[0]

    def observed(self, inputs, training=None, run: int | None = None) -> tuple[list, list]:
        """The states, and what goes on in a block.

        Args:
            inputs, training: as in `call`.
            run: the number of a run of a block, from 0.

        Returns:
            as `states`; and the queries, keys and values of that run, see
            `TransformerBlock.projected`.
        """
        if self.tuned == "head":
            training = False
        x = self.tokens(inputs["token_ids"])
        x = x + self.positions(ops.arange(ops.shape(inputs["token_ids"])[1]))
        if self.segments is not None:
            given = inputs.get(SEGMENTS)
            x = x + self.segments(ops.zeros((1, 1), "int32") if given is None else given)
        x = self.embedding_dropout(self.norm(x), training=training)
        states, found = [x if self.expansion is None else self.expansion(x)], []
        for number, block in enumerate(self.runs):
            more = {}
            if number == run:
                found = block.projected(states[-1])
                more = {"projected": found}
            states.append(block(states[-1], inputs["padding_mask"], training=training, **more))
        return states, found

    def tune(self, tuned: str) -> None:
        top = self._top(tuned)
        self.tuned = tuned
        self.trainable = top > 0
        for layer in (*self.tables.values(), self.norm, self.expansion):
            if layer is not None:
                layer.trainable = tuned == "all"
        for i, block in enumerate(self.blocks):
            block.trainable = i >= len(self.blocks) - top

    def with_table(self, table: np.ndarray) -> "CompactEncoder":
        made = self._made(self.get_config(), tokens=with_first(self.tokens, table))
        made.build(None)
        for own, other in zip(self._after_tokens, made._after_tokens, strict=True):
            for old, new in zip(own.weights, other.weights, strict=True):
                new.assign(old)
        return made

    @property
    def _after_tokens(self) -> list[keras.layers.Layer]:
        """All other layers with weights.

        `weights` itself has a layer that replaced another after the rest.
        """
        around = (self.positions, self.segments, self.expansion, self.norm)
        layers = [layer for layer in around if layer is not None]
        return layers + [part for block in self.blocks for part in block.parts]

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return super().get_config() | {
            "tokens": serialize(self.tokens),
            "positions": serialize(self.positions),
            "segments": serialize(self.segments),
            "expansion": serialize(self.expansion),
            "order": self.order,
            "blocks": [serialize(block) for block in self.blocks],
            "dropout": self.dropout,
            "epsilon": self.epsilon,
            "tuned": self.tuned,
        }

    @classmethod
    def from_config(cls, config):
        return cls._made(config)

    @classmethod
    def _made(cls, config: dict, **given: keras.layers.Layer) -> "CompactEncoder":
        """From a configuration, with the layers that are given."""
        made = keras.saving.deserialize_keras_object
        # Models saved before segments and expansions existed have none.
        names = ("tokens", "positions", "segments", "expansion")
        parts = {name: made(config.get(name)) for name in names if name not in given}
        blocks = [made(block) for block in config["blocks"]]
        return cls(**(config | parts | given | {"blocks": blocks}))


def with_rows(table: keras.layers.Layer, kept: np.ndarray) -> keras.layers.Layer:
    """A table like `table` with some of its rows, in the order of `kept`."""
    return with_first(table, table.get_weights()[0][kept])


def with_first(table: keras.layers.Layer, rows: np.ndarray) -> keras.layers.Layer:
    """A table like `table` with other rows; what widens them stays."""
    new = type(table).from_config(table.get_config() | {"input_dim": len(rows)})
    if len(table.weights) == 1:
        return with_values(new, rows)
    new.build((None, None))
    new.set_weights([rows, *table.get_weights()[1:]])
    return new


def with_values(table: keras.layers.Embedding, rows: np.ndarray) -> keras.layers.Embedding:
    """A table with these rows, built without drawing random ones first.

    Args:
        table: not built.
        rows: (input_dim, output_dim) float.
    """
    own, table.embeddings_initializer = table.embeddings_initializer, keras.initializers.Zeros()
    table.build((None, None))
    table.embeddings_initializer = own
    table.embeddings.assign(rows)
    return table


__all__ = ["CompactEncoder", "TransformerBlock"]

"""A BERT-like encoder made of parts that compression can replace one by one."""

import keras
from keras import ops

from kerastc.errors import UserError
from kerastc.models import low_rank  # noqa: F401  (registers what may stand in a block)
from kerastc.models.transformer_block import TransformerBlock


@keras.saving.register_keras_serializable("kerastc")
class CompactEncoder(keras.layers.Layer):
    """Token ids to one vector a token: embedding, positions, normalisation, blocks.

    It saves every part with its configuration, so blocks may differ in width, rank and number of
    heads, which KerasHub's backbones cannot. `kerastc.models.compact` makes one of theirs.

    Args:
        tokens: an `Embedding` or a `FactorisedEmbedding`.
        positions: an `Embedding` with a row for each place; it bounds the length of a text.
        blocks: `TransformerBlock`s, bottom up.
        dropout: rate behind the embeddings.
        epsilon: of the normalisation.

    Call:
        inputs: {"token_ids", "padding_mask"}, each (batch, length) int32.
        returns: (batch, length, width).
    """

    def __init__(
        self, tokens, positions, blocks, dropout: float = 0.1, epsilon: float = 1e-12, **kwargs
    ):
        super().__init__(**kwargs)
        self.tokens = tokens
        self.positions = positions
        self.blocks = list(blocks)
        self.dropout = dropout
        self.epsilon = epsilon
        self.norm = keras.layers.LayerNormalization(
            epsilon=epsilon, dtype=self.dtype_policy, name="norm"
        )
        self.embedding_dropout = keras.layers.Dropout(
            dropout, seed=0, dtype=self.dtype_policy, name="embedding_dropout"
        )

    @property
    def width(self) -> int:
        """Size of the vector of a token."""
        return self.positions.output_dim

    @property
    def max_length(self) -> int:
        """The most tokens of a text."""
        return self.positions.input_dim

    def build(self, input_shape):
        sequences = (None, None, self.width)
        for table in (self.tokens, self.positions):
            if not table.built:
                table.build((None, None))
        self.norm.build(sequences)
        for block in self.blocks:
            if not block.built:
                block.build(sequences)
        self.built = True

    def call(self, inputs, training=None):
        return self.states(inputs, training)[-1]

    def states(self, inputs, training=None) -> list:
        """The embeddings and the outputs of each block, (batch, length, width) each."""
        places = self.positions(ops.arange(ops.shape(inputs["token_ids"])[1]))
        x = self.norm(self.tokens(inputs["token_ids"]) + places)
        states = [self.embedding_dropout(x, training=training)]
        for block in self.blocks:
            states.append(block(states[-1], inputs["padding_mask"], training=training))
        return states

    def compute_output_spec(self, inputs, training=None):
        return keras.KerasTensor((*inputs["token_ids"].shape, self.width), self.compute_dtype)

    def tune(self, tuned: str) -> None:
        """Chooses what is trained: "head" (nothing here), "top_K" blocks or "all".

        Raises:
            UserError: there are fewer blocks than K.
        """
        count = len(self.blocks)
        top = {"head": 0, "all": count}.get(tuned)
        if top is None:
            number = tuned.removeprefix("top_")
            top = int(number) if number.isdecimal() else 0
            if not 1 <= top <= count:
                raise UserError(
                    f"trainable={tuned!r} is not possible.",
                    f"Allowed for this encoder: head, top_1 to top_{count}, all.",
                )
        self.trainable = top > 0
        for layer in (self.tokens, self.positions, self.norm):
            layer.trainable = tuned == "all"
        for i, block in enumerate(self.blocks):
            block.trainable = i >= count - top

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return super().get_config() | {
            "tokens": serialize(self.tokens),
            "positions": serialize(self.positions),
            "blocks": [serialize(block) for block in self.blocks],
            "dropout": self.dropout,
            "epsilon": self.epsilon,
        }

    @classmethod
    def from_config(cls, config):
        made = keras.saving.deserialize_keras_object
        parts = {name: made(config[name]) for name in ("tokens", "positions")}
        blocks = [made(block) for block in config["blocks"]]
        return cls(**(config | parts | {"blocks": blocks}))


__all__ = ["CompactEncoder", "TransformerBlock"]

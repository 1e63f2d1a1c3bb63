"""A layer around any KerasHub encoder: tokens in, one vector per token out, part of it trained."""

import keras
import keras_hub  # noqa: F401 (registers the backbones, so that a saved model loads)
import numpy as np

from kerastc.models.dropout_seeds import seed_generators
from kerastc.models.sequence_encoder import SEGMENTS, SequenceEncoder


@keras.saving.register_keras_serializable("kerastc")
class TextEncoder(SequenceEncoder):
    """The sequence output of a backbone, whatever other inputs and outputs it has.

    Segments that are not given are zeros. Dropout is on in training unless the whole encoder
    is frozen.

    Args:
        backbone: a KerasHub backbone with `token_ids` and `padding_mask` among its inputs.
        tuned: what is trained: "head" (nothing here), "top_K" transformer layers, or "all".
    """

    def __init__(self, backbone: keras.Model, tuned: str = "all", **kwargs):
        super().__init__(**kwargs)
        self.backbone = backbone
        for generator in seed_generators(backbone):
            # On PyTorch a generator made without a seed is ignored in favour of the global one,
            # and its state, which a checkpoint restores, would have no effect.
            if generator._initial_seed is None:
                generator._initial_seed = 0
        self.tune(tuned)

    @property
    def tokens(self) -> keras.layers.Layer:
        return self.backbone.token_embedding

    @property
    def positions(self) -> keras.layers.Layer | None:
        both = getattr(self.backbone, "embeddings", None)  # DistilBERT's and RoBERTa's
        return getattr(both or self.backbone, "position_embedding", None)

    @property
    def segments(self) -> keras.layers.Layer | None:
        return getattr(self.backbone, "segment_embedding", None)

    @property
    def blocks(self) -> list[keras.layers.Layer]:
        layers = []
        for layer in self.backbone.transformer_layers:  # ALBERT's are groups of them
            layers.extend(layer if isinstance(layer, list | tuple) else [layer])
        return layers

    @property
    def expansion(self) -> keras.layers.Layer | None:
        return getattr(self.backbone, "embeddings_projection", None)

    @property
    def order(self) -> tuple[int, ...] | None:
        groups = self.backbone.transformer_layers
        if not isinstance(groups[0], list | tuple):
            return None
        times, inner = self.backbone.num_layers // len(groups), len(groups[0])
        starts = (inner * group for group in range(len(groups)) for _ in range(times))
        return tuple(start + place for start in starts for place in range(inner))

    @property
    def pooler(self) -> keras.layers.Layer | None:
        return getattr(self.backbone, "pooled_dense", None)

    @property
    def width(self) -> int:
        return self.backbone.hidden_dim

    @property
    def max_length(self) -> int:
        return self.backbone.max_sequence_length

    def build(self, input_shape):
        self.built = True  # a backbone is already built

    def call(self, inputs, training=None, reverse=False):
        if reverse:
            return self.products(inputs)
        inputs = dict(inputs)
        if SEGMENTS in self.backbone.input and SEGMENTS not in inputs:
            inputs[SEGMENTS] = keras.ops.zeros_like(inputs["token_ids"])
        if self.tuned == "head":
            training = False
        output = self.backbone(inputs, training=training)
        return output["sequence_output"] if isinstance(output, dict) else output

    def tune(self, tuned: str) -> None:
        blocks = self.blocks
        top = self._top(tuned)
        self.tuned = tuned
        self.trainable = top > 0
        # Each layer by itself: a KerasHub backbone does not pass the flag on to all of them.
        chosen = self.backbone.layers if tuned == "all" else blocks[len(blocks) - top :]
        for layer in self.backbone.layers:
            layer.trainable = layer in chosen and layer is not self.pooler

    def with_table(self, table: np.ndarray) -> "TextEncoder":
        config = self.backbone.get_config()
        size = "vocab_size" if "vocab_size" in config else "vocabulary_size"
        backbone = type(self.backbone).from_config(config | {size: len(table)})
        for new, old in zip(backbone.weights, self.backbone.weights, strict=True):
            new.assign(table if old is self.tokens.embeddings else old)
        return TextEncoder(backbone, self.tuned, name=self.name)

    def get_config(self):
        backbone = keras.saving.serialize_keras_object(self.backbone)
        return super().get_config() | {"backbone": backbone, "tuned": self.tuned}

    @classmethod
    def from_config(cls, config):
        backbone = keras.saving.deserialize_keras_object(config["backbone"])
        return cls(**(config | {"backbone": backbone}))

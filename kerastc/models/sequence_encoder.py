"""The base class of all text encoders."""

import re

import keras
import numpy as np
from keras import ops

from kerastc.errors import UserError

INPUTS = ("token_ids", "padding_mask")
SEGMENTS = "segment_ids"


class SequenceEncoder(keras.layers.Layer):
    """Token ids to one vector per token, with the parts it is made of by name.

    Attributes:
        tokens: the table of tokens, a layer.
        positions: the table of positions; None if they are relative (DeBERTa).
        segments: the table of segments; None for single texts.
        expansion: the dense layer from narrower embeddings to the blocks, or None.
        blocks: the transformer blocks, bottom up; shared ones once.
        order: the indices of the blocks as they run, if one does several times (ALBERT), or None.
        pooler: a layer after the first token's vector that this output does not use, or None.
        width: size of a token's vector.
        max_length: the most tokens per text, special tokens included.
        tuned: what is trained: "head" (nothing here), "top_K" blocks, or "all".

    Call:
        inputs: {"token_ids", "padding_mask"} and, for two texts, "segment_ids", each
            (batch, length) int32; segments that are not given are zeros.
        reverse: whether the inputs are vectors of the token table's width instead, (..., width),
            of which the products with the table's rows are wanted: the tied weights of a language
            model (Press and Wolf 2017, Using the Output Embedding to Improve Language Models).
        returns: (batch, length, width), or (..., tokens), in the encoder's precision.
    """

    tokens: keras.layers.Layer
    positions: keras.layers.Layer | None
    segments: keras.layers.Layer | None
    expansion: keras.layers.Layer | None
    blocks: list[keras.layers.Layer]
    order: tuple[int, ...] | None
    pooler: keras.layers.Layer | None
    width: int
    max_length: int
    tuned: str

    @property
    def shared(self) -> bool:
        """Whether a block runs several times."""
        return self.order is not None

    def products(self, vectors):
        """The products of vectors, (..., width), with all rows of the token table."""
        table = ops.cast(ops.convert_to_tensor(self.tokens.embeddings), vectors.dtype)
        if vectors.shape[-1] != table.shape[-1]:  # of a `FactorisedEmbedding`
            widening = ops.cast(ops.convert_to_tensor(self.tokens.widening), vectors.dtype)
            vectors = ops.matmul(vectors, ops.transpose(widening))
        return ops.matmul(vectors, ops.transpose(table))

    def compute_output_spec(self, inputs, training=None, reverse=False):
        if reverse:
            tokens = self.tokens.embeddings.shape[0]
            return keras.KerasTensor((*inputs.shape[:-1], tokens), self.compute_dtype)
        # Stated, because KerasHub's position embedding cannot be traced with an open length on JAX.
        return keras.KerasTensor((*inputs["token_ids"].shape, self.width), self.compute_dtype)

    def tune(self, tuned: str) -> None:
        """Chooses what is trained; takes effect with the next `compile`.

        Raises:
            UserError: `tuned` is none of "head", "top_1" to "top_<blocks>", "all".
        """
        raise NotImplementedError

    def table(self) -> np.ndarray:
        """The token table, one row per token, (tokens, width) float."""
        return keras.ops.convert_to_numpy(self.tokens.embeddings)

    def with_table(self, table: np.ndarray) -> "SequenceEncoder":
        """A copy with another token table of the same width; everything else has its values."""
        raise NotImplementedError

    def _top(self, tuned: str) -> int:
        """How many blocks from the top are trained."""
        count = len(self.blocks)
        if tuned in ("head", "all"):
            return 0 if tuned == "head" else count
        match = re.fullmatch(r"top_([1-9][0-9]*)", str(tuned))
        if match is None or int(match[1]) > count:
            top = "top_1" if count == 1 else f"top_1 to top_{count}"
            raise UserError(
                f"trainable={tuned!r} is not possible.",
                f"Allowed for this encoder: head, {top}, all.",
            )
        return int(match[1])


def token_inputs(segments: bool = False) -> dict[str, keras.KerasTensor]:
    """Symbolic inputs of a text model, (batch, length) int32 each.

    Args:
        segments: whether the model takes the index of the text that each token is from.
    """
    names = (*INPUTS, SEGMENTS) if segments else INPUTS
    return {name: keras.Input((None,), dtype="int32", name=name) for name in names}


def reads_segments(model: keras.Model) -> bool:
    """Whether a text model takes segments."""
    return any(tensor.name == SEGMENTS for tensor in model.inputs)

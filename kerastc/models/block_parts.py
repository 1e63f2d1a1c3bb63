"""A block's parts by the names of a `TransformerBlock`, whether it is one of ours or KerasHub's."""

import keras

from kerastc.models.transformer_block import PARTS, TransformerBlock

NORMS = ("attention_norm", "feed_forward_norm")


def parts_of(block: keras.layers.Layer) -> dict[str, keras.layers.Layer]:
    """The layers with weights: those in `PARTS`, then both norms.

    Those of KerasHub's attention have kernels (inputs, heads, width of a head), or, of the
    projection, (heads, width of a head, outputs).
    """
    if isinstance(block, TransformerBlock):
        return {name: getattr(block, name) for name in (*PARTS, *NORMS)}
    attention = block._self_attention_layer
    layers = (
        *(attention.query_dense, attention.key_dense, attention.value_dense),
        attention.output_dense,
        *(block._feedforward_intermediate_dense, block._feedforward_output_dense),
        *(block._self_attention_layer_norm, block._feedforward_layer_norm),
    )
    return dict(zip((*PARTS, *NORMS), layers, strict=True))


def activation_of(block: keras.layers.Layer) -> str:
    """The activation of the feed-forward part, by the names of a `TransformerBlock`."""
    if isinstance(block, TransformerBlock):
        return block.activation
    name = getattr(block.activation, "__name__", "")
    return "gelu_tanh" if "approximate" in name else name


def epsilon_of(block: keras.layers.Layer) -> float:
    """The epsilon of the norms."""
    return block.epsilon if isinstance(block, TransformerBlock) else block.layer_norm_epsilon

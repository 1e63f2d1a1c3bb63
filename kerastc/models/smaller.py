"""A smaller model made from some layers, or some dimensions, of a larger one."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.conversion import compact_encoder
from kerastc.models.masked_model import DENSE
from kerastc.models.parts import encoder_layer
from kerastc.models.sequence_encoder import SequenceEncoder
from kerastc.models.text_encoder import TextEncoder
from kerastc.models.transformer_block import PARTS


def fewer_layers(model: keras.Model, kept: Sequence[int]) -> keras.Model:
    """A copy of a compact model with some of its blocks, in their order.

    Args:
        model: left unchanged.
        kept: indices of the blocks.
    """
    return _around(model, _with_blocks(encoder_layer(model), kept))


def lowest_layers(
    encoder: SequenceEncoder, count: int, segments: bool, name: str
) -> CompactEncoder:
    """A copy of an encoder without the layers above its lowest ones.

    Args:
        encoder: of any kind; left unchanged.
        count: how many layers stay. Of a block that runs several times, as ALBERT's, how often.
        segments: whether the copy takes segments.
        name: of the encoder, for the message.

    Raises:
        UserError: it has no more layers than that, or none that can be left out.
    """
    if isinstance(encoder, TextEncoder) and encoder.positions is not None:
        encoder = compact_encoder(encoder, segments)
    if not isinstance(encoder, CompactEncoder):
        raise UserError(f"layers={count}: none of the layers of {name} can be left out.")
    whole = len(encoder.runs)
    if count > whole:
        raise UserError(f"layers={count}, but {name} has {whole} layers.", f"Give 1 to {whole}.")
    if encoder.shared:
        return _with_blocks(encoder, range(len(encoder.blocks)), encoder.order[:count])
    return _with_blocks(encoder, range(count))


def _with_blocks(
    teacher: CompactEncoder, kept: Sequence[int], order: Sequence[int] | None = None
) -> CompactEncoder:
    config = teacher.get_config()
    blocks = [config["blocks"][i] for i in kept]
    encoder = _encoder(config | {"blocks": blocks, "order": order})
    for new, old in zip(encoder.tables.values(), teacher.tables.values(), strict=True):
        _fill(new, old)
    _fill(encoder.norm, teacher.norm)
    if teacher.expansion is not None:
        _fill(encoder.expansion, teacher.expansion)
    for block, i in zip(encoder.blocks, kept, strict=True):
        _fill(block, teacher.blocks[i])
    return encoder


def require_layers(model: keras.Model, step: str) -> None:
    """Raises a `UserError` if a compact model has no layers of their own that it could do without.

    Args:
        step: what would leave some out, for the message.
    """
    encoder = encoder_layer(model)
    if encoder.shared:
        raise UserError(
            f"{step}: the {len(encoder.order)} layers of this model share {len(encoder.blocks)} "
            "block(s) of weights, so without some of them it would not be smaller.",
            "structured with neurons= or heads=, low-rank, prune and quantize make it smaller.",
        )


def kept_layers(
    step: str, of: str, layers: int, count: int | None = None, keep: Sequence[int] = ()
) -> list[int]:
    """The layers that stay, ascending, as settings tell them.

    Args:
        step: that asks, for the message.
        of: what has the layers, likewise: "the model".
        layers: how many there are.
        count: how many stay, spread evenly; None: all.
        keep: their indices instead.

    Raises:
        UserError: there are no such layers.
    """
    kept = sorted(keep) or spread(layers, count or layers)
    if len(set(kept)) < len(kept) or max(kept) >= layers or len(kept) > layers:
        given = f"keep={list(keep)}" if keep else f"layers={count}"
        raise UserError(
            f"{step}: {given}, but {of} has {layers} layers (0 to {layers - 1}).",
            f"Give 1 to {layers} of them, each once.",
        )
    return kept


def spread(layers: int, count: int) -> list[int]:
    """Evenly spaced layers: 0, 2, 4 for three of six.

    Reference: Sanh et al. 2019, DistilBERT, section 3: one layer out of two.
    """
    return [i * layers // count for i in range(count)]


def require_width(model: keras.Model, width: int, step: str) -> None:
    """Raises a `UserError` if a compact model's vectors cannot have fewer dimensions, these.

    Args:
        model: whose they are.
        width: how many would stay.
        step: what would leave some out, for the message.
    """
    encoder = encoder_layer(model)
    plain = isinstance(encoder.tokens, keras.layers.Embedding) and all(
        isinstance(getattr(block, part), keras.layers.Dense)
        for block in encoder.blocks
        for part in PARTS
    )
    if not plain:
        raise UserError(f"{step}: width= comes before low-rank, which ties the dimensions.")
    if encoder.expansion is not None:
        raise UserError(
            f"{step}: width= is of models whose embeddings are as wide as their layers.",
            "Give layers=, or another encoder.",
        )
    if width >= encoder.width:
        raise UserError(
            f"{step}: width={width:g}, but the model has {encoder.width} dimensions.",
            "Give fewer.",
        )


def dimensions(model: keras.Model, width: int) -> np.ndarray:
    """The dimensions of a compact model that vary most over its tokens, ascending, (width,) int."""
    table = encoder_layer(model).table()
    return np.sort(np.argsort(-table.var(axis=0), kind="stable")[:width])


def narrower(model: keras.Model, width: int) -> keras.Model:
    """A copy of a compact model whose vectors have fewer dimensions: those that vary most.

    Heads and feed-forward layers stay as wide as they are.

    Args:
        model: its encoder has a plain table and plain dense layers; left unchanged.
        width: how many dimensions stay.
    """
    teacher, kept = encoder_layer(model), dimensions(model, width)
    config = _unbuilt(teacher.get_config())
    for name in teacher.tables:
        config[name]["config"]["output_dim"] = width
    for block in config["blocks"]:
        for name in ("projection", "outer"):
            block["config"][name]["config"]["units"] = width
    encoder = _encoder(config)
    _fill(encoder, teacher, kept)
    return _around(model, encoder, kept)


def _encoder(config: dict[str, Any]) -> CompactEncoder:
    encoder = CompactEncoder.from_config(config | {"tuned": "all"})
    encoder.build(None)
    return encoder


def _around(
    model: keras.Model, encoder: CompactEncoder, kept: np.ndarray | None = None
) -> keras.Model:
    """The model with another encoder; the layers after it are new ones like the model's."""
    teacher, copies = encoder_layer(model), []

    def layer_for(old: keras.layers.Layer) -> keras.layers.Layer:
        if old is teacher:
            return encoder
        config = old.get_config()
        if kept is not None and old.name == DENSE:  # of a masked head: as wide as the table
            config["units"] = len(kept)
        copies.append((type(old).from_config(config), old))
        return copies[-1][0]

    made = keras.models.clone_model(model, clone_function=layer_for)
    for new, old in copies:
        _fill(new, old, kept)
    return made


def _fill(new: keras.layers.Layer, old: keras.layers.Layer, kept: np.ndarray | None = None) -> None:
    """Copies weights; a shortened axis gets the kept indices of the old one."""
    for target, source in zip(new.weights, old.weights, strict=True):
        array = keras.ops.convert_to_numpy(source)
        for axis, (now, before) in enumerate(zip(target.shape, source.shape, strict=True)):
            if now != before:
                array = array.take(kept, axis=axis)
        target.assign(array)


def _unbuilt(config: Any) -> Any:
    """A nested configuration without the layers' build shapes."""
    if isinstance(config, dict):
        return {key: _unbuilt(value) for key, value in config.items() if key != "build_config"}
    return [_unbuilt(value) for value in config] if isinstance(config, list) else config

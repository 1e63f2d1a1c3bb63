"""Finds the layers of a model and replaces them."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import keras

from kerastc.errors import UserError
from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.transformer_block import PARTS, TransformerBlock


@dataclass(frozen=True)
class ReplaceableLayer:
    """A layer with a kernel of its own.

    Args:
        path: its name for users: "encoder/block_0/query", "classifier".
        layer: the layer itself.
        owner: the layer that holds it as an attribute; None where the model itself does.
    """

    path: str
    layer: keras.layers.Layer
    owner: keras.layers.Layer | None

    @property
    def attribute(self) -> str:
        """Its name within the owner."""
        return self.path.rsplit("/", 1)[-1]


def replaceable_layers(model: keras.Model, exclude: str = "") -> list[ReplaceableLayer]:
    """The paths of a model's replaceable layers, from input to output.

    Args:
        model: a functional model; a `CompactEncoder` inside it is searched too.
        exclude: a regular expression; layers whose path it matches are left out.

    Raises:
        UserError: the expression is invalid.
    """
    excluded = matcher(exclude)
    every = [one for layer in model.layers for one in _of_layer(layer)]
    return [one for one in every if not excluded(one.path)]


def matcher(exclude: str) -> Callable[[str], bool]:
    """Whether a regular expression matches a path; an empty one matches none.

    Raises:
        UserError: the expression is invalid.
    """
    try:
        unwanted = re.compile(exclude)
    except re.error as error:
        raise UserError(f"exclude={exclude} is not a regular expression: {error}.") from None
    return lambda path: bool(exclude and unwanted.search(path))


def replace(model: keras.Model, layers: Mapping[str, keras.layers.Layer]) -> keras.Model:
    """A model with some layers replaced by others, already built and filled.

    The layers that stay are shared with the given model, which must not be used afterwards.

    Args:
        model: as in `replaceable_layers`.
        layers: the new layer for each path; its inputs and outputs have the shapes of the old
            one's.
    """
    top = {}
    for found in replaceable_layers(model):
        if (new := layers.get(found.path)) is None:
            continue
        if found.owner is None:
            top[found.layer.name] = new
        else:
            put(found.owner, found.attribute, new)
    return rebuilt(model, lambda layer: top.get(layer.name, layer))


def rebuilt(
    model: keras.Model, layer_for: Callable[[keras.layers.Layer], keras.layers.Layer]
) -> keras.Model:
    """Rebuilds the model's graph with the layer that `layer_for` returns for each layer.

    Even if no layer changes: a Keras model remembers the variables it was made from.
    """
    return keras.models.clone_model(model, clone_function=layer_for)


def put(owner: keras.layers.Layer, attribute: str, layer: keras.layers.Layer) -> None:
    """Replaces a layer that is an attribute of a built layer.

    Keras closes the list of a layer's parts when it is built, so that none is added by mistake.
    """
    owner._tracker.unlock()
    old = getattr(owner, attribute)
    owner._layers.remove(old)
    setattr(owner, attribute, layer)
    owner._tracker.lock()


def _of_layer(layer: keras.layers.Layer) -> Iterator[ReplaceableLayer]:
    if isinstance(layer, CompactEncoder):
        for name, table in layer.tables.items():
            yield ReplaceableLayer(f"{layer.name}/{name}", table, layer)
        if layer.expansion is not None:
            yield ReplaceableLayer(f"{layer.name}/expansion", layer.expansion, layer)
        for block in layer.blocks:
            yield from _of_block(block, layer.name)
    elif any(hasattr(layer, name) for name in ("kernel", "left", "embeddings")):
        yield ReplaceableLayer(layer.name, layer, None)


def _of_block(block: TransformerBlock, prefix: str) -> Iterator[ReplaceableLayer]:
    for name in PARTS:
        yield ReplaceableLayer(f"{prefix}/{block.name}/{name}", getattr(block, name), block)

"""Where the layers of a model are, and how to put others in their places."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import keras

from kerastc.errors import UserError
from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.transformer_block import PARTS, TransformerBlock


@dataclass(frozen=True)
class Place:
    """A layer with a kernel of its own.

    Args:
        path: its name for the user: "encoder/block_0/query", "classifier".
        layer: what stands there.
        owner: the layer that holds it as an attribute; None where the model itself does.
    """

    path: str
    layer: keras.layers.Layer
    owner: keras.layers.Layer | None

    @property
    def attribute(self) -> str:
        """Its name inside of the owner."""
        return self.path.rsplit("/", 1)[-1]


def places(model: keras.Model, exclude: str = "") -> list[Place]:
    """The places of a model whose layers can be replaced, from input to output.

    Args:
        model: a functional model; inside of it a `CompactEncoder` is looked into.
        exclude: a regular expression; places whose path it finds are left out.

    Raises:
        UserError: the expression is none.
    """
    excluded = matcher(exclude)
    found = [place for layer in model.layers for place in _of_layer(layer)]
    return [place for place in found if not excluded(place.path)]


def matcher(exclude: str) -> Callable[[str], bool]:
    """Whether a regular expression finds a path; an empty one finds none.

    Raises:
        UserError: the expression is none.
    """
    try:
        unwanted = re.compile(exclude)
    except re.error as error:
        raise UserError(f"exclude={exclude} is no regular expression: {error}.") from None
    return lambda path: bool(exclude and unwanted.search(path))


def replace(model: keras.Model, layers: Mapping[str, keras.layers.Layer]) -> keras.Model:
    """A model with other layers, already built and filled, at some places.

    The layers that stay are shared with the model that was given, which is of no use afterwards.

    Args:
        model: as in `places`.
        layers: the new layer of each path; inputs and outputs are shaped as the old one's.
    """
    top = {}
    for place in places(model):
        if (new := layers.get(place.path)) is None:
            continue
        if place.owner is None:
            top[place.layer.name] = new
        else:
            put(place.owner, place.attribute, new)
    return rebuilt(model, lambda layer: top.get(layer.name, layer))


def rebuilt(
    model: keras.Model, layer_for: Callable[[keras.layers.Layer], keras.layers.Layer]
) -> keras.Model:
    """The model's graph anew, with what `layer_for` gives in the place of each layer.

    Also where no layer changes: a Keras model remembers the variables it was made of.
    """
    return keras.models.clone_model(model, clone_function=layer_for)


def put(owner: keras.layers.Layer, attribute: str, layer: keras.layers.Layer) -> None:
    """Makes a layer the attribute of a built one, in the place of the one that was there.

    Keras closes the list of a layer's parts when it is built, so that none is added by mistake.
    """
    owner._tracker.unlock()
    old = getattr(owner, attribute)
    owner._layers.remove(old)
    setattr(owner, attribute, layer)
    owner._tracker.lock()


def _of_layer(layer: keras.layers.Layer) -> Iterator[Place]:
    if isinstance(layer, CompactEncoder):
        for name, table in layer.tables.items():
            yield Place(f"{layer.name}/{name}", table, layer)
        for block in layer.blocks:
            yield from _of_block(block, layer.name)
    elif any(hasattr(layer, name) for name in ("kernel", "left", "embeddings")):
        yield Place(layer.name, layer, None)


def _of_block(block: TransformerBlock, prefix: str) -> Iterator[Place]:
    for name in PARTS:
        yield Place(f"{prefix}/{block.name}/{name}", getattr(block, name), block)

"""Which channels of a convolutional network can be removed: those that only known layers see."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerastc.compress.slicing import CONVOLUTIONS, DENSE
from kerastc.compress.units import Channels, Reader

# Each channel comes out of them as it went in, whatever the others are.
PASSING = (
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.Dropout,
    keras.layers.SpatialDropout2D,
    keras.layers.MaxPooling2D,
    keras.layers.AveragePooling2D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.ZeroPadding2D,
    keras.layers.Flatten,
)


@dataclass(frozen=True)
class Call:
    """A layer's call in a functional graph, with the symbolic tensors that go in and come out."""

    layer: keras.layers.Layer
    inputs: list[keras.KerasTensor]
    outputs: list[keras.KerasTensor]


class Blocked(Exception):
    """A layer that sees the channels and cannot lose one."""


def channels(model: keras.Model) -> tuple[list[Channels], dict[str, str]]:
    """The channels of each convolution that can be removed, and why those of others cannot.

    A residual addition needs the same channels on both sides: what flows into one stays whole, the
    convolutions inside of a block may shrink.

    Args:
        model: functional or sequential, channels last.
    """
    calls, outputs = _calls(model)
    found, reasons = [], {}
    for call in calls:
        if isinstance(call.layer, CONVOLUTIONS):
            try:
                found.append(_traced(call, calls, outputs))
            except Blocked as blocked:
                reasons[call.layer.name] = str(blocked)
    return found, reasons


def _calls(model: keras.Model) -> tuple[list[Call], set[int]]:
    """Every call, from input to output, and the identities of the model's outputs."""
    calls = []

    def call(layer, *args: Any, **kwargs: Any):
        outputs = layer(*args, **kwargs)
        calls.append(Call(layer, _tensors((args, kwargs)), _tensors(outputs)))
        return outputs

    graph = keras.models.clone_model(
        keras.Model(model.inputs, model.outputs),
        clone_function=lambda layer: layer,
        call_function=call,
    )
    return calls, {id(tensor) for tensor in graph.outputs}


def _tensors(nested: Any) -> list[keras.KerasTensor]:
    return [x for x in keras.tree.flatten(nested) if isinstance(x, keras.KerasTensor)]


def _traced(producer: Call, calls: list[Call], outputs: set[int]) -> Channels:
    """Follows what a convolution writes to all that read it."""
    _check_own(producer, calls)
    norms, readers = [], []
    flowing = [(tensor, 1) for tensor in producer.outputs]
    while flowing:
        tensor, places = flowing.pop()
        if id(tensor) in outputs:
            raise Blocked("they are an output of the model")
        for call in calls:
            if not any(tensor is x for x in call.inputs):
                continue
            _check_own(call, calls)
            layer = call.layer
            if isinstance(layer, (*CONVOLUTIONS, *DENSE)):
                readers.append(Reader(layer, before=places))
                continue
            if isinstance(layer, keras.layers.BatchNormalization):
                norms.append(layer)
            elif not isinstance(layer, PASSING):
                raise Blocked(f"they flow into {layer.name} ({type(layer).__name__})")
            if isinstance(layer, keras.layers.Flatten):
                if None in tensor.shape[1:]:
                    raise Blocked(f"{layer.name} flattens an image of no fixed size")
                places *= int(np.prod(tensor.shape[1:-1]))
            flowing += [(x, places) for x in call.outputs]
    count = producer.outputs[0].shape[-1]
    return Channels(producer.layer.name, count, readers, producer.layer, norms)


def _check_own(call: Call, calls: list[Call]) -> None:
    """Refuses layers that mix channels, or that stand at several places of the graph."""
    layer = call.layer
    if sum(other.layer is layer for other in calls) > 1:
        raise Blocked(f"{layer.name} is used at several places")
    if getattr(layer, "groups", 1) != 1:
        raise Blocked(f"{layer.name} has groups")
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise Blocked(f"{layer.name} has its channels first")
    softmax = getattr(layer, "activation", None) is keras.activations.softmax
    if softmax and not isinstance(layer, DENSE):
        raise Blocked(f"{layer.name} is a softmax over them")
    if isinstance(layer, keras.layers.BatchNormalization):
        axes = len(call.inputs[0].shape)
        if layer.axis not in (-1, axes - 1):
            raise Blocked(f"{layer.name} normalises another axis")

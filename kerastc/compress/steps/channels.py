"""Which channels of a convolutional network can be removed, and which must go together.

A residual addition ties channel i of one side to channel i of the other: these channels are removed
together, from every convolution that writes them, every normalisation in between and every layer
that reads them.

References: Liu et al. 2021, Group Fisher Pruning for Practical Network Compression, section 3.2;
Fang et al. 2023, DepGraph: Towards Any Structural Pruning, section 3.
"""

from dataclasses import dataclass, field
from typing import Any

import keras

from kerastc.compress.steps.slicing import CONVOLUTIONS, DENSE
from kerastc.compress.steps.units import Channels, Reader

# These treat each channel independently of the others.
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
# Channel i of every input makes channel i of the output.
TYING = (keras.layers.Add, keras.layers.Average, keras.layers.Maximum)


@dataclass(frozen=True)
class Call:
    """A layer's call in a functional graph, with its symbolic inputs and outputs."""

    layer: keras.layers.Layer
    inputs: list[keras.KerasTensor]
    outputs: list[keras.KerasTensor]


@dataclass(eq=False)
class _Stream:
    """Channels that are tied together, through all the tensors that carry them.

    Args:
        count: how many; None if the dimension is open.
        blocked: why none of them can be removed; empty if they can.
    """

    count: int | None
    blocked: str = ""
    writers: list[keras.layers.Layer] = field(default_factory=list)
    norms: list[keras.layers.BatchNormalization] = field(default_factory=list)
    readers: list[Reader] = field(default_factory=list)

    def block(self, reason: str) -> None:
        self.blocked = self.blocked or reason

    def units(self) -> Channels:
        path = "+".join(layer.name for layer in self.writers)
        return Channels(path, self.count, self.readers, self.writers, self.norms)


@dataclass(frozen=True)
class _Carried:
    """What a tensor carries: a stream, and the layers that wrote or scaled it last."""

    stream: _Stream
    sources: tuple[keras.layers.Layer, ...]


def channels(model: keras.Model) -> tuple[list[Channels], dict[str, str]]:
    """The channels that can be removed, and by name why those of other convolutions cannot.

    Args:
        model: functional or sequential, channels last.
    """
    calls, outputs = _calls(model)
    streams = _Streams(calls)
    for call in calls:
        streams.follow(call)
    for tensor in outputs:
        streams.carried(tensor).stream.block("they are an output of the model")
    written = [stream for stream in streams.all if stream.writers]
    found = [stream.units() for stream in written if not stream.blocked]
    reasons = {w.name: s.blocked for s in written if s.blocked for w in s.writers}
    return found, reasons


def _calls(model: keras.Model) -> tuple[list[Call], list[keras.KerasTensor]]:
    """Every call, from input to output, and the model's outputs."""
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
    return calls, graph.outputs


def _tensors(nested: Any) -> list[keras.KerasTensor]:
    return [x for x in keras.tree.flatten(nested) if isinstance(x, keras.KerasTensor)]


class _Streams:
    """The streams of a graph, as far as its calls have been traced."""

    def __init__(self, calls: list[Call]):
        self.calls = calls
        self.all: list[_Stream] = []
        self.by_tensor: dict[int, _Carried] = {}

    def carried(self, tensor: keras.KerasTensor) -> _Carried:
        """What a tensor carries; nothing has written an input of the model."""
        if id(tensor) not in self.by_tensor:
            self._write(tensor, "they are an input of the model")
        return self.by_tensor[id(tensor)]

    def follow(self, call: Call) -> None:
        """Adds a call whose inputs have been traced."""
        layer = call.layer
        carried = [self.carried(tensor) for tensor in call.inputs]
        if reason := _unfit(call, self.calls):
            self._stop(call, reason, carried)
        elif isinstance(layer, (*CONVOLUTIONS, *DENSE)):
            [read] = carried
            places = call.inputs[0].shape[-1] // read.stream.count  # flattened with the channels
            read.stream.readers.append(Reader(layer, before=places, sources=read.sources))
            self._write_all(call)
        elif isinstance(layer, keras.layers.BatchNormalization):
            [read] = carried
            read.stream.norms.append(layer)
            self.by_tensor[id(call.outputs[0])] = _Carried(read.stream, (layer,))
        elif isinstance(layer, PASSING):
            self.by_tensor[id(call.outputs[0])] = carried[0]
        elif isinstance(layer, TYING) and _alike(call, carried):
            stream = self._tied(call.inputs)
            sources = dict.fromkeys(source for each in carried for source in each.sources)
            self.by_tensor[id(call.outputs[0])] = _Carried(stream, tuple(sources))
        else:
            self._stop(call, f"they flow into {layer.name} ({type(layer).__name__})", carried)

    def _stop(self, call: Call, reason: str, carried: list[_Carried]) -> None:
        """Blocks the inputs and outputs of a call from losing channels."""
        for each in carried:
            each.stream.block(reason)
        self._write_all(call, reason)

    def _write_all(self, call: Call, reason: str = "") -> None:
        layer = call.layer
        if isinstance(layer, DENSE):
            reason = reason or f"{layer.name} writes them, too"
        for tensor in call.outputs:
            stream = self._write(tensor, reason, (layer,))
            if isinstance(layer, CONVOLUTIONS):
                stream.writers.append(layer)

    def _write(self, tensor, reason: str, sources: tuple[keras.layers.Layer, ...] = ()) -> _Stream:
        stream = _Stream(tensor.shape[-1], reason)
        self.all.append(stream)
        self.by_tensor[id(tensor)] = _Carried(stream, sources)
        return stream

    def _tied(self, tensors: list[keras.KerasTensor]) -> _Stream:
        """Merges several streams into one."""
        first = self.carried(tensors[0]).stream
        for tensor in tensors[1:]:
            other = self.carried(tensor).stream
            if other is first:
                continue
            first.block(other.blocked)
            for name in ("writers", "norms", "readers"):
                getattr(first, name).extend(getattr(other, name))
            self.all.remove(other)
            for key, carried in self.by_tensor.items():
                if carried.stream is other:
                    self.by_tensor[key] = _Carried(first, carried.sources)
        return first


def _alike(call: Call, carried: list[_Carried]) -> bool:
    """Whether channel i of one input is channel i of the others."""
    shapes = {tuple(tensor.shape) for tensor in call.inputs}
    return len(shapes) == 1 and len({each.stream.count for each in carried}) == 1


def _unfit(call: Call, calls: list[Call]) -> str:
    """Why a layer cannot lose channels: it mixes them, or occurs more than once."""
    layer = call.layer
    if sum(other.layer is layer for other in calls) > 1:
        return f"{layer.name} is used at several places"
    if getattr(layer, "groups", 1) != 1:
        return f"{layer.name} has groups"
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return f"{layer.name} has its channels first"
    softmax = getattr(layer, "activation", None) is keras.activations.softmax
    if softmax and not isinstance(layer, DENSE):
        return f"{layer.name} is a softmax over them"
    if isinstance(layer, keras.layers.Flatten) and None in call.inputs[0].shape[1:]:
        return f"{layer.name} flattens an image of no fixed size"
    if isinstance(layer, keras.layers.BatchNormalization):
        axes = len(call.inputs[0].shape)
        if layer.axis not in (-1, axes - 1):
            return f"{layer.name} normalises another axis"
    return ""

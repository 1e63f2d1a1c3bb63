"""Converts a Keras model to a SavedModel, which needs only TensorFlow to run.

Runs in a TensorFlow process, whose Keras is on TensorFlow.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import keras
import tensorflow as tf

from kerastc.deploy.signature import SERVE
from kerastc.tensor import Tensor

LABELS = "labels.txt"  # in the folder's assets/

Served = Callable[[Mapping[str, tf.Tensor], Sequence[str]], dict[str, tf.Tensor]]


def write(
    model: keras.Model,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    folder: Path,
    labels: Sequence[str] = (),
    served: Served | None = None,
    graph: Callable[[tf.Tensor], dict[str, tf.Tensor]] | None = None,
    more: Mapping[str, Sequence[Tensor]] | None = None,
) -> None:
    """Writes the folder.

    Its signatures follow the rules of TensorFlow Serving: outputs have names, and
    "serving_default" is used if a client names none.

    - "serve": from the model's inputs to its outputs.
    - "serving_default", if there is something to serve: the same, with the results of `served`.
      With a `graph` it takes the graph's inputs.

    Args:
        model: inputs by name to the outputs.
        inputs, outputs: of the model; None for an open dimension.
        folder: where to write.
        labels: the names in labels.txt, which go to assets/ if there are any.
        served: from outputs and labels to the client's answer.
        graph: from a user's examples to the model's inputs; see `RunExport.graph`.
        more: further signatures like "serve", by name, for inputs of other shapes.
    """
    names = [tensor.name for tensor in inputs]
    taken = _specs(inputs)
    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]
    module.graph = graph

    def answer(*arrays):
        found = model(dict(zip(names, arrays, strict=True)), training=False)
        return dict(found) if isinstance(found, Mapping) else {outputs[0].name: found}

    def serve(*arrays):
        found = answer(*arrays)
        if inputs[0].shape[0] is not None and None in inputs[0].shape:
            # With an open length the converters lose track of a fixed batch.
            for tensor in outputs:
                shape = [-1 if size is None else size for size in tensor.shape]
                found[tensor.name] = tf.reshape(found[tensor.name], shape)
        return found

    def decide(*arrays):
        if graph is not None:
            found = graph(*arrays)
            arrays = [found[name] for name in names]
        found = answer(*arrays)
        return {**found, **served(found, labels)}

    # An attribute named "serve" makes TFLiteConverter convert only that function.
    module.answer = tf.function(serve, input_signature=taken)
    signatures = {SERVE: module.answer}
    for name, shapes in (more or {}).items():
        signatures[name] = tf.function(serve, input_signature=_specs(shapes))
    module.signatures_by_name = dict(signatures)  # only what the module holds is saved
    with tempfile.TemporaryDirectory() as scratch:
        if labels:
            path = Path(scratch, LABELS)
            path.write_text("".join(f"{name}\n" for name in labels), encoding="utf-8")
            module.labels = tf.saved_model.Asset(str(path))
        if served is not None:
            given = taken if graph is None else [graph.input]
            module.decide = tf.function(decide, input_signature=given)
            signatures["serving_default"] = module.decide
        tf.saved_model.save(module, str(folder), signatures=signatures)


def _specs(inputs: Sequence[Tensor]) -> list[tf.TensorSpec]:
    return [tf.TensorSpec(tensor.shape, tensor.dtype, name=tensor.name) for tensor in inputs]

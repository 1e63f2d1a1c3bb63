"""A Keras model to a SavedModel: no Keras in it, nothing but TensorFlow needed to run it.

Runs in a TensorFlow process, whose Keras is on TensorFlow.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import keras
import tensorflow as tf

from kerastc.deploy.signature import SERVE, Tensor

LABELS = "labels.txt"  # in the folder's assets/


def write(
    model: keras.Model,
    inputs: Sequence[Tensor],
    folder: Path,
    classes: Sequence[str] = (),
    graph: Callable[[tf.Tensor], dict[str, tf.Tensor]] | None = None,
    more: Mapping[str, Sequence[Tensor]] | None = None,
) -> None:
    """Writes the folder.

    Its signatures follow the rules of TensorFlow Serving: outputs have names, and
    "serving_default" is what a client gets that asks for none.

    - "serve": the model's inputs to "logits".
    - "serving_default", where there are classes: likewise, and "probabilities" and "label", the
      name of the most probable class. With a `graph` it takes what that does.

    Args:
        model: inputs by name to logits.
        inputs: of the model; None is an open dimension.
        folder: where to write.
        classes: names in the order of the logits; they also stand in assets/labels.txt.
        graph: what a user has to the model's inputs; see `RunExport.graph`.
        more: further signatures like "serve", by name, which take inputs of other shapes.
    """
    names = [tensor.name for tensor in inputs]
    taken = _specs(inputs)
    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]
    module.graph = graph

    def logits(*arrays):
        return model(dict(zip(names, arrays, strict=True)), training=False)

    def serve(*arrays):
        found = logits(*arrays)
        batch = inputs[0].shape[0]
        if batch is not None and None in inputs[0].shape:
            # With an open length the converters lose sight of a batch that is fixed.
            found = tf.reshape(found, (batch, found.shape[-1]))
        return {"logits": found}

    def classify(*arrays):
        if graph is not None:
            found = graph(*arrays)
            arrays = [found[name] for name in names]
        found = logits(*arrays)
        best = tf.gather(tf.constant(list(classes)), tf.argmax(found, axis=1))
        return {"logits": found, "probabilities": tf.nn.softmax(found), "label": best}

    # An attribute named "serve" makes TFLiteConverter take that function alone of several.
    module.logits = tf.function(serve, input_signature=taken)
    signatures = {SERVE: module.logits}
    for name, shapes in (more or {}).items():
        signatures[name] = tf.function(serve, input_signature=_specs(shapes))
    module.signatures_by_name = dict(signatures)  # what the module does not hold is not saved
    with tempfile.TemporaryDirectory() as scratch:
        if classes:
            labels = Path(scratch, LABELS)
            labels.write_text("".join(f"{name}\n" for name in classes), encoding="utf-8")
            module.labels = tf.saved_model.Asset(str(labels))
            given = taken if graph is None else [graph.input]
            module.classify = tf.function(classify, input_signature=given)
            signatures["serving_default"] = module.classify
        tf.saved_model.save(module, str(folder), signatures=signatures)


def _specs(inputs: Sequence[Tensor]) -> list[tf.TensorSpec]:
    return [tf.TensorSpec(tensor.shape, tensor.dtype, name=tensor.name) for tensor in inputs]

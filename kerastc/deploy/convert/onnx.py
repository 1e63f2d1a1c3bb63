"""Converts a SavedModel to an ONNX file. Runs in a TensorFlow process."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerastc.errors import UserError
from kerastc.tensor import Tensor

# The newest that tf2onnx 1.17 writes; ONNX Runtime reads it since 1.14 (2023).
OPSET = 18


def convert(saved_model: Path, inputs: Sequence[Tensor], named: Sequence[Tensor] = ()) -> bytes:
    """The ONNX model of a SavedModel's signature "serve".

    Args:
        saved_model: the folder.
        inputs: of the function, in order; None is an open dimension.
        named: the same with the file's names and types; by default its own.

    Raises:
        UserError: tf2onnx is missing, or ONNX lacks one of the model's operators.
    """
    try:
        import tf2onnx
    except ImportError:
        raise UserError(
            "ONNX needs tf2onnx.", "Install it: pip install tf2onnx onnx onnxruntime"
        ) from None
    import tensorflow as tf

    loaded = tf.saved_model.load(str(saved_model))  # its function does not keep the variables
    named = named or inputs
    specs = [tf.TensorSpec(t.shape, t.dtype, name=t.name) for t in named]
    function = loaded.answer
    if list(named) != list(inputs):

        @tf.function(input_signature=specs)
        def function(*arrays):
            kinds = (tensor.dtype for tensor in inputs)
            return loaded.answer(*map(tf.cast, arrays, kinds))

    model, _ = tf2onnx.convert.from_function(
        function, specs, opset=OPSET, custom_op_handlers={"Erfc": (_erfc, [])}
    )
    known = {"", "ai.onnx"}
    unknown = sorted({node.op_type for node in model.graph.node if node.domain not in known})
    if unknown:
        raise UserError(f"ONNX lacks operators of this model: {', '.join(unknown)}.")
    if inputs[0].shape[0] is not None:  # with an open length tf2onnx loses track of it
        for output in model.graph.output:
            output.type.tensor_type.shape.dim[0].dim_value = inputs[0].shape[0]
    return model.SerializeToString()


def _erfc(context, node, name: str, _) -> None:
    """Writes erfc in terms of erf, which is what ONNX has.

    TensorFlow's GELU is x/2 · erfc(-x · √½). Written as the equivalent x/2 · (1 + erf(x/√2)), ONNX
    Runtime recognises it as a GELU and fuses it into one operator.
    """

    def add(kind: str, *parts: str, **settings) -> str:
        return context.make_node(kind, list(parts), **settings).output[0]

    def constant(value: float) -> str:
        return context.make_const(f"{name}_{value:.3f}", np.float32(value)).output[0]

    output = node.output[0]
    x = _negated_and_scaled(node.inputs[0])
    argument = add("Div", x, constant(2**0.5)) if x else node.input[0]
    shapes, kinds = [context.get_shape(output)], [context.get_dtype(output)]
    context.remove_node(node.name)
    parts = (add("Erf", argument), constant(1))
    if x is None:  # 1 - erf
        parts = parts[::-1]
    add("Add" if x else "Sub", *parts, name=name, outputs=[output], shapes=shapes, dtypes=kinds)


def _negated_and_scaled(node) -> str | None:
    """The x of -x · √½, or None if the node computes something else."""
    if node.type != "Mul":
        return None
    factors = [part.get_tensor_value() for part in node.inputs if part.is_const()]
    negated = [part.input[0] for part in node.inputs if part.type == "Neg"]
    scaled = len(factors) == 1 and np.allclose(factors[0], 0.5**0.5, rtol=1e-6)
    return negated[0] if scaled and len(negated) == 1 else None

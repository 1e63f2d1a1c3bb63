"""ONNX files of what TensorFlow and ONNX write differently."""

import math

import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf

from kerastc.deploy.convert.onnx import OPSET, convert
from kerastc.tensor import Tensor

X = np.linspace(-4, 4, 33, dtype="float32").reshape(1, -1)


def converted(folder, function) -> bytes:
    module = tf.Module()
    spec = tf.TensorSpec(X.shape, tf.float32, name="x")
    module.answer = tf.function(lambda x: {"logits": function(x)}, input_signature=[spec])
    tf.saved_model.save(module, str(folder), signatures={"serve": module.answer})
    return convert(folder, [Tensor("x", X.shape, "float32")])


@pytest.mark.parametrize(
    ("function", "formula"),
    [
        (tf.nn.gelu, lambda x: x / 2 * (1 + math.erf(x / math.sqrt(2)))),
        (tf.math.erfc, math.erfc),
        (lambda x: tf.math.erfc(-x * 2.0), lambda x: math.erfc(-2 * x)),
    ],
    ids=["gelu", "erfc", "another scale"],
)
def test_erfc_is_written_in_terms_of_erf(tmp_path, function, formula):
    model = converted(tmp_path / "m", function)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    [found] = session.run(["logits"], {"x": X})
    expected = [[formula(float(x)) for x in X[0]]]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_runtime_sees_the_gelu(tmp_path):
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    model = converted(tmp_path / "m", tf.nn.gelu)
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    nodes = onnx.load(options.optimized_model_filepath).graph.node
    assert [node.op_type for node in nodes] == ["Gelu"]
    assert onnx.load_from_string(model).opset_import[0].version == OPSET

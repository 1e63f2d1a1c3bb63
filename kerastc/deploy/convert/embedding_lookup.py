"""Turns the token look-up in a LiteRT file into an operator whose table can be quantised.

Keras looks tokens up with a GATHER, and ai-edge-quantizer leaves its table in float32: half of a
small encoder. The operator EMBEDDING_LOOKUP returns the same rows, and takes a table of 8 or 4 bits
with one scale per row.
"""

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from kerastc.deploy.convert.litert_file import dimensions

FLAT = np.array([-1], np.int32)  # the shape of a vector


def with_embedding_lookups(model: bytes) -> bytes:
    """The float32 LiteRT model with every GATHER from a constant matrix replaced.

    EMBEDDING_LOOKUP takes a vector of ids, so it comes between two RESHAPEs. A GATHER whose result
    has several open dimensions stays: RESHAPE could not restore them.
    """
    read = flatbuffer_utils.convert_bytearray_to_object(bytearray(model))
    for graph in read.subgraphs:
        graph.operators = [
            new for operator in graph.operators for new in _replaced(read, graph, operator)
        ]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(read))


def _replaced(model, graph, operator) -> list:
    """The operators that replace one; itself if it is not a look-up."""
    if model.operatorCodes[operator.opcodeIndex].builtinCode != schema.BuiltinOperator.GATHER:
        return [operator]
    table, ids = operator.inputs[:2]
    [result] = operator.outputs
    shape = dimensions(graph.tensors[result])
    matrix = graph.tensors[table]
    constant = model.buffers[matrix.buffer].data is not None
    rows_of_matrix = constant and len(matrix.shape) == 2 and operator.builtinOptions.axis == 0
    if not rows_of_matrix or shape.count(-1) > 1:
        return [operator]
    name = graph.tensors[result].name.decode()
    count = int(np.prod(graph.tensors[ids].shape))
    flat = _tensor(graph, f"{name}/ids", [count], graph.tensors[ids].type)
    rows = _tensor(graph, f"{name}/rows", [count, int(matrix.shape[1])], matrix.type)
    look_up = schema.OperatorT()
    look_up.opcodeIndex = _code(model, schema.BuiltinOperator.EMBEDDING_LOOKUP)
    look_up.inputs, look_up.outputs = [flat, table], [rows]
    return [
        _reshape(model, graph, ids, flat, FLAT),
        look_up,
        _reshape(model, graph, rows, result, np.array(shape, np.int32)),
    ]


def _reshape(model, graph, source: int, target: int, shape: np.ndarray):
    operator = schema.OperatorT()
    operator.opcodeIndex = _code(model, schema.BuiltinOperator.RESHAPE)
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(shape.tobytes(), np.uint8)
    model.buffers.append(buffer)
    wanted = _tensor(
        graph,
        f"{graph.tensors[target].name.decode()}/shape",
        list(shape.shape),
        schema.TensorType.INT32,
        len(model.buffers) - 1,
    )
    operator.inputs, operator.outputs = [source, wanted], [target]
    operator.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
    operator.builtinOptions = schema.ReshapeOptionsT()
    return operator


def _tensor(graph, name: str, shape: list[int], kind: int, buffer: int = 0) -> int:
    """Adds a tensor and returns its number; buffer 0 is the empty one for all activations."""
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name.encode(), shape, kind, buffer
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _code(model, builtin: int) -> int:
    """The model's number for a built-in operator."""
    for number, known in enumerate(model.operatorCodes):
        if known.builtinCode == builtin:
            return number
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = builtin  # both are below 127
    code.version = 1
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1

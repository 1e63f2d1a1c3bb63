"""The content of a LiteRT file: its inputs and operators."""

from dataclasses import dataclass

from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from kerastc.tensor import Tensor

KINDS = {n: kind for kind, n in vars(schema.BuiltinOperator).items() if kind.isupper()}


@dataclass(frozen=True)
class Operator:
    """An operator of a LiteRT model.

    Args:
        kind: LiteRT's name: "FULLY_CONNECTED"; a custom operator is "CUSTOM name".
        output: the names of its outputs, by which ai-edge-quantizer identifies it.
        names: of its outputs and constants, without the model's: "encoder_1/block_0_1/query_1/…".
        shapes: of its constants.
    """

    kind: str
    output: str
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]


def operators(model: bytes) -> list[Operator]:
    """The operators of a model, in order."""
    read = flatbuffer_utils.convert_bytearray_to_object(bytearray(model))
    return [
        _operator(read, graph, operator) for graph in read.subgraphs for operator in graph.operators
    ]


def inputs(model: bytes) -> dict[str, tuple[Tensor, ...]]:
    """The inputs of a model's signatures, by their names."""
    read = flatbuffer_utils.convert_bytearray_to_object(bytearray(model))
    return {one.signatureKey.decode(): _inputs(read, one) for one in read.signatureDefs}


def _inputs(model, signature) -> tuple[Tensor, ...]:
    tensors = model.subgraphs[signature.subgraphIndex].tensors
    return tuple(
        Tensor(
            entry.name.decode(),
            tuple(n if n > 0 else None for n in dimensions(tensors[entry.tensorIndex])),
            flatbuffer_utils.type_to_name(tensors[entry.tensorIndex].type).lower(),
        )
        for entry in signature.inputs
    )


def dimensions(tensor) -> list[int]:
    """The shape of a tensor as the schema holds it, -1 for an open dimension."""
    signature = tensor.shapeSignature
    return [int(n) for n in (tensor.shape if signature is None else signature)]


def _operator(model, graph, operator) -> Operator:
    code = model.operatorCodes[operator.opcodeIndex]
    kind = KINDS[code.builtinCode]
    if code.customCode:
        kind = f"{kind} {code.customCode.decode()}"
    outputs = [graph.tensors[n].name.decode() for n in operator.outputs]
    inputs = [graph.tensors[n] for n in operator.inputs if n >= 0]
    constants = [tensor for tensor in inputs if model.buffers[tensor.buffer].data is not None]
    shapes = tuple(tuple(dimensions(tensor)) for tensor in constants)
    names = [tensor.name.decode() for tensor in constants]
    # If the converter fused several operators, it joined their names.
    parts = [part for name in outputs + names for part in name.split(";") if part]
    inside = [part.partition("/")[2] for part in parts if "/" in part]
    return Operator(kind, ";".join(outputs), tuple(dict.fromkeys(inside or parts)), shapes)

"""A run as the ONNX files that a user of ONNX Runtime could have of it, all of the same weights.

ONNX Runtime is as fast as the graph that it gets, so it gets several: ours, PyTorch's, and
PyTorch's with attention and normalisation fused by ONNX Runtime's own tool for transformers.
"""

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.bert_weights import CONFIG
from benchmarks.measure import measured
from kerastc.deploy import export
from kerastc.deploy.run.sessions import Onnx
from kerastc.deploy.signature import Signature, beside, digest, size
from kerastc.run import Run


def write(run: Run, weights: Path) -> Iterator[tuple[str, Signature]]:
    """Writes each graph in float32 and in dynamic int8 into the run's exports/.

    Args:
        run: a copy, whose exports may change.
        weights: what `benchmarks.bert_weights.write` wrote of it.

    Yields:
        how the file was made, and its signature; the batch is one, and the length is as in
        training or open.
    """
    for how, told, path in _graphs(run, weights):
        yield how, _signed(told, path, "float32")
        yield how, _signed(told, _quantized(path), "int8")


def _graphs(run: Run, weights: Path) -> Iterator[tuple[str, Signature, Path]]:
    for length, name in ((None, "fixed"), (0, "open")):
        told = export(run, "onnx", batch=1, length=length)
        yield "kerastc export", told, told.path.rename(told.folder / f"{name}.onnx")
    for attention in ("sdpa", "eager"):
        path = told.folder / f"{attention}.onnx"
        words = [str(weights), str(path), attention]
        log = told.folder / f"{attention}.txt"
        measured([sys.executable, "-m", "benchmarks.torch_to_onnx", *words], {}, log)
        if attention == "sdpa":
            yield "PyTorch's export", told, path
        else:
            yield "PyTorch's export, fused", told, _fused(path, weights)


def _fused(path: Path, weights: Path) -> Path:
    """The graph with one operator for each attention and each normalisation behind a residual."""
    from onnxruntime.transformers import optimizer

    config = json.loads((weights / CONFIG).read_text())
    model = optimizer.optimize_model(
        str(path),
        model_type="bert",
        num_heads=config["num_attention_heads"],
        hidden_size=config["hidden_size"],
        opt_level=0,  # the rest is done when the file is loaded, for the machine it is loaded on
    )
    fused = path.with_name("fused.onnx")
    model.save_model_to_file(str(fused))
    return fused


def _quantized(path: Path) -> Path:
    """The graph with the weights of products and embeddings in 8 bits.

    Signed weights with one scale a matrix are `quantize_dynamic`'s own choice, and its fastest:
    unsigned ones, and a scale a column, were slower where this was tried (AVX-512 VNNI).
    """
    import onnx
    from onnxruntime.quantization import quantize_dynamic

    quantized = path.with_suffix(".int8.onnx")
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.ERROR)  # it advises a step that changed nothing here
    try:
        # The type of what fused operators give, which its shape inference does not know.
        options = {"DefaultTensorType": onnx.TensorProto.FLOAT}
        quantize_dynamic(path, quantized, extra_options=options)
    finally:
        logging.getLogger().setLevel(level)
    return quantized


def _signed(told: Signature, path: Path, quantization: str) -> Signature:
    """Writes the signature of a file whose inputs and outputs are what it says of itself."""
    session = Onnx(path, 1)
    signature = replace(
        told,
        file=path.name,
        sha256=digest(path),
        bytes=size(path),
        inputs=session.inputs,
        outputs=session.outputs,
        quantization=quantization,
        parity=None,
    )
    signature.write(beside(path))
    return signature

"""The BERT of `benchmarks.torch_bert` as PyTorch writes it to ONNX, in a process of its own.

    python -m benchmarks.torch_to_onnx WEIGHTS FILE ATTENTION

WEIGHTS is what `benchmarks.bert_weights.write` wrote. ATTENTION is "sdpa", PyTorch's fused one, or
"eager", its single steps, which are what ONNX Runtime's tool for transformers looks for.
"""

import sys
import warnings
from pathlib import Path

import torch

from benchmarks.torch_bert import read

OPSET = 17  # the first with layer normalisation
INPUTS = ["token_ids", "padding_mask"]


def write(weights: Path, file: Path, attention: str) -> None:
    """Writes an ONNX file for one text of any length."""
    model = read(weights)
    model.encoder.set_attn_implementation(attention)
    text = torch.ones((1, 8), dtype=torch.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, that it is not the newest
        torch.onnx.export(
            model,
            (text, text),
            file,
            input_names=INPUTS,
            output_names=["logits"],
            dynamic_axes={name: {1: "length"} for name in INPUTS},
            opset_version=OPSET,
            dynamo=False,  # the newer exporter needs one package more
        )


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])

"""PyTorch as the peer of a deployed model, in a process of its own.

    python -m benchmarks.torch_bert

It answers the requests of `kerastc.deploy.measure.worker`, and so is timed as our files are. The
model is `transformers.BertModel` with PyTorch's fused attention, mean pooling and kerastc's head.
It has what costs its user nothing: inference mode, weights and inputs ready in memory, and no mask
where there is no padding.
"""

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import load_file
from torch import nn

from kerastc.deploy.measure.worker import serve, timed
from kerastc.deploy.run.runtime import predictor_for
from kerastc.deploy.signature import Signature


class Classifier(nn.Module):
    """Token ids (batch, length) to logits (batch, classes).

    Args:
        config: of `transformers.BertConfig`.
        classes: how many there are.
    """

    def __init__(self, config: dict[str, Any], classes: int):
        super().__init__()
        bert = transformers.BertConfig(**config)
        self.encoder = transformers.BertModel(bert, add_pooling_layer=False)
        self.pre_classifier = nn.Linear(bert.hidden_size, bert.hidden_size)
        self.classifier = nn.Linear(bert.hidden_size, classes)

    def forward(self, token_ids, padding_mask=None):
        """Without a mask, every token counts."""
        tokens = self.encoder(token_ids, attention_mask=padding_mask).last_hidden_state
        if padding_mask is None:
            pooled = tokens.mean(1)
        else:
            mask = padding_mask.unsqueeze(-1).to(tokens.dtype)
            pooled = (tokens * mask).sum(1) / mask.sum(1)
        return self.classifier(torch.relu(self.pre_classifier(pooled)))


def read(folder: Path, int8: bool = False) -> Classifier:
    """The model that `benchmarks.bert_weights.write` wrote.

    Args:
        folder: with model.safetensors and config.json.
        int8: with the weights of dense layers in 8 bits, their inputs quantised as they come.
    """
    config = json.loads((folder / "config.json").read_text())
    model = Classifier(config, config.pop("classes")).eval()
    model.load_state_dict(load_file(folder / "model.safetensors"))  # strict: none is left random
    if int8:
        quantize = torch.ao.quantization.quantize_dynamic
        return quantize(model, {nn.Linear}, dtype=torch.qint8, inplace=True)
    return model


class Peer:
    """The model and the texts that it is timed on; see `kerastc.deploy.measure.worker.Measured`.

    Args:
        folder: of the weights.
        int8: see `read`.
        signature: of an export of the same run, for its tokenizer.
        length: tokens a text, padded; None: as many as each text has, and no mask.
        examples: texts that it is timed on, at least one.
    """

    def __init__(
        self, folder: str, int8: bool, signature: str, length: int | None, examples: Sequence[str]
    ):
        self.preprocessing = predictor_for(Signature.read(Path(signature))).input.preprocessing
        self.length = length
        self.model = read(Path(folder), int8)
        self.inputs = self._inputs(examples)

    def loaded(self) -> dict[str, int]:
        """The size of what PyTorch writes for the model."""
        file = io.BytesIO()
        torch.save(self.model.state_dict(), file)
        return {"bytes": file.tell()}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Meets any request but the first."""
        if "calls" in request:
            return {"milliseconds": timed(self._run, self.inputs, request["calls"])}
        rows = [self._run(inputs)[0] for inputs in self._inputs(request["outputs"])]
        return {"outputs": {"logits": np.stack(rows).tolist()}}

    def _inputs(self, texts: Sequence[str]) -> list[list[torch.Tensor]]:
        """The arguments of one call a text."""
        found = []
        for row in self.preprocessing.tokens(texts, self.length):
            arrays = self.preprocessing.tokenizer.pad([row], self.length)
            names = ("token_ids", "padding_mask") if self.length else ("token_ids",)
            found.append([torch.from_numpy(arrays[name].astype("int64")) for name in names])
        return found

    def _run(self, inputs: list[torch.Tensor]) -> np.ndarray:
        with torch.inference_mode():
            return self.model(*inputs).numpy()


if __name__ == "__main__":
    torch.set_num_threads(1)
    serve(sys.stdin, sys.stdout, Peer)

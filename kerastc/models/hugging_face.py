"""Writes an encoder, and the layers behind it, as a folder in Hugging Face's layout.

The opposite of `kerastc.models.bert`, `albert`, `published_head` and `published_words`, whose names
of tensors it shares. An encoder is written as the least model that can be it: a DistilBERT, which
is a BERT without segments and pooler; else a BERT; with narrow embeddings or shared blocks an
ALBERT. `transformers` is not needed.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from safetensors.numpy import save

from kerastc.models import albert, bert
from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.converted import TOKENS
from kerastc.models.low_rank import kernel
from kerastc.models.tensors import WEIGHTS
from kerastc.tensor import Tensor

ACTIVATIONS = {"gelu": "gelu", "gelu_tanh": "gelu_new", "relu": "relu"}
MODELS = {"albert": "Albert", "bert": "Bert", "distilbert": "DistilBert"}
EPSILON = 1e-12  # of all norms of a DistilBERT
CONFIG = "config.json"

Named = tuple[str, np.ndarray]  # a tensor


class NoAutoClass(Exception):
    """Why no class of `transformers` has the layers behind an encoder, as the end of a sentence."""


@dataclass(frozen=True)
class Head:
    """The layers behind an encoder, as a class of `transformers` has them.

    Args:
        task: what the class's name ends in: "ForTokenClassification"; empty for the encoder alone.
        kinds: the types of models whose class computes the same.
        tensors: the weights by their names in a type of model.
        outputs: what the class gives.
    """

    task: str
    kinds: Sequence[str]
    tensors: Callable[[str], Iterator[Named]]
    outputs: tuple[Tensor, ...]

    @property
    def auto(self) -> str:
        """The Auto class: "AutoModelForTokenClassification"."""
        return f"AutoModel{self.task}"


def logits(*shape: int | None) -> Tensor:
    """An output of that name; its shape follows that of the batch."""
    return Tensor("logits", (None, *shape), "float32")


def encoder_alone(encoder: CompactEncoder) -> Head:
    """No layers behind an encoder."""
    states = Tensor("last_hidden_state", (None, None, encoder.width), "float32")
    return Head("", tuple(MODELS), lambda kind: iter(()), (states,))


def kind_of(encoder: CompactEncoder, head: Head) -> str:
    """The type of model, a key of `MODELS`, that an encoder with a head is.

    Args:
        encoder: from `kerastc.models.plain_encoder.plain`.
        head: behind it.

    Raises:
        NoAutoClass: there is none.
    """
    if encoder.expansion is not None or encoder.shared:
        kinds = ["albert"]
    elif encoder.segments is None and encoder.epsilon == EPSILON:
        kinds = ["distilbert", "bert"]
    else:
        kinds = ["bert"]
    if found := [kind for kind in kinds if kind in head.kinds]:
        return found[0]
    able = " and ".join(f"{MODELS[kind]}{head.task}" for kind in head.kinds)
    why = "segments, or another epsilon" if kinds == ["bert"] else "narrow embeddings"
    raise NoAutoClass(f"{able} computes the same head, but not of an encoder with {why}")


def write_model(
    folder: Path, encoder: CompactEncoder, head: Head, kind: str, fields: Mapping[str, Any]
) -> None:
    """Writes config.json and model.safetensors.

    Args:
        folder: exists.
        encoder: from `kerastc.models.plain_encoder.plain`.
        head: behind it.
        kind: from `kind_of`.
        fields: further ones of config.json.
    """
    architecture = f"{MODELS[kind]}{head.task or 'Model'}"
    config = {"architectures": [architecture], "model_type": kind, **config_of(encoder, kind)}
    text = json.dumps(config | dict(fields), indent=2, ensure_ascii=False)
    (folder / CONFIG).write_text(f"{text}\n", "utf-8")
    tensors = {f"{kind}.{name}": array for name, array in encoder_tensors(encoder, kind)}
    tensors |= head.tensors(kind)
    arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in tensors.items()}
    # Without this `transformers` does not read it.
    content = save(arrays, metadata={"format": "pt"})
    (folder / WEIGHTS).write_bytes(content)  # the library has an error of its own for a full disk


def config_of(encoder: CompactEncoder, kind: str) -> dict[str, Any]:
    """The fields of config.json that describe the architecture."""
    block = encoder.blocks[0]
    fields = {
        "vocab_size": encoder.tokens.input_dim,
        "hidden_size": encoder.width,
        "num_hidden_layers": len(encoder.runs),
        "num_attention_heads": block.heads,
        "intermediate_size": block.inner.units,
        "hidden_act": ACTIVATIONS[block.activation],
        "hidden_dropout_prob": encoder.dropout,
        "attention_probs_dropout_prob": block.dropout,
        "max_position_embeddings": encoder.max_length,
        "type_vocab_size": len(_segments(encoder)),
        "layer_norm_eps": encoder.epsilon,
    }
    if kind == "distilbert":
        del fields["type_vocab_size"], fields["layer_norm_eps"]
        own = {**bert.DISTIL_FIELDS, "attention_probs_dropout_prob": "attention_dropout"}
        return {own.get(name, name): value for name, value in fields.items()}
    if kind == "albert":
        groups, inner = albert.groups_of(encoder)
        fields |= {
            "num_hidden_layers": len(encoder.runs) // inner,
            "num_hidden_groups": groups,
            "inner_group_num": inner,
            "embedding_size": encoder.positions.output_dim,
        }
    return fields


def encoder_tensors(encoder: CompactEncoder, kind: str) -> Iterator[Named]:
    """The encoder's weights by their names in a type of model, without its prefix."""
    yield TOKENS, encoder.tokens.get_weights()[0]
    yield bert.POSITIONS, encoder.positions.get_weights()[0]
    if kind != "distilbert":
        yield bert.SEGMENTS, _segments(encoder)
    yield from norm("embeddings.LayerNorm", encoder.norm)
    if kind == "albert":
        yield from _expansion(encoder)
    parts = albert.PARTS if kind == "albert" else bert.PARTS
    for prefix, block in zip(_prefixes(encoder, kind), encoder.blocks, strict=True):
        for part, name in parts.items():
            own = bert.DISTIL_PARTS[name] if kind == "distilbert" else name
            write = norm if part.endswith("norm") else dense
            yield from write(f"{prefix}.{own}", getattr(block, part))


def dense(name: str, layer: keras.layers.Layer) -> Iterator[Named]:
    """Weight and bias of a dense layer, plain or of low rank."""
    yield f"{name}.weight", kernel(layer).T
    yield f"{name}.bias", layer.get_weights()[-1]


def norm(name: str, layer: keras.layers.Layer) -> Iterator[Named]:
    """Weight and bias of a normalisation."""
    gamma, beta = layer.get_weights()
    yield f"{name}.weight", gamma
    yield f"{name}.bias", beta


def _segments(encoder: CompactEncoder) -> np.ndarray:
    """The table of segments; where there is none two of zeros, which change nothing."""
    if encoder.segments is not None:
        return encoder.segments.get_weights()[0]
    return np.zeros((2, encoder.positions.output_dim), np.float32)


def _expansion(encoder: CompactEncoder) -> Iterator[Named]:
    """The layer behind narrow embeddings; if there is none, one that changes nothing."""
    if encoder.expansion is not None:
        yield from dense(albert.EXPANSION, encoder.expansion)
    else:
        yield f"{albert.EXPANSION}.weight", np.eye(encoder.width, dtype=np.float32)
        yield f"{albert.EXPANSION}.bias", np.zeros(encoder.width, np.float32)


def _prefixes(encoder: CompactEncoder, kind: str) -> list[str]:
    """What the names of each block's tensors begin with."""
    if kind == "albert":
        return albert.blocks(*albert.groups_of(encoder))
    return [
        f"{'transformer' if kind == 'distilbert' else 'encoder'}.layer.{i}"
        for i in range(len(encoder.blocks))
    ]

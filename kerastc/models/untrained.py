"""Random weights for an architecture: of its config.json alone, or of a model that has others."""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

import keras
import numpy as np

from kerastc.models.converted import Tensor

DEVIATION = 0.02  # of all matrices, as in Devlin et al. 2018, section A.2


def untrained(config: Mapping[str, Any]) -> Tensor:
    """The weights of a model that has not been trained, the same each time.

    Matrices are normal, biases zero, scales of norms one.

    Args:
        config: the fields of config.json.
    """
    width = config.get("hidden_size", config.get("dim"))
    inner = config.get("intermediate_size", config.get("hidden_dim"))
    narrow = config.get("embedding_size", width)
    matrices = {  # (outputs, inputs) by the end of a name, the first that fits
        "word_embeddings": (config["vocab_size"], narrow),
        "position_embeddings": (config["max_position_embeddings"], narrow),
        "token_type_embeddings": (config.get("type_vocab_size", 2), narrow),
        "embedding_hidden_mapping_in": (width, narrow),
        "attention.output.dense": (width, width),
        **dict.fromkeys(("intermediate.dense", "ffn", "lin1"), (inner, width)),
        **dict.fromkeys(("output.dense", "ffn_output", "lin2"), (width, inner)),
        "": (width, width),
    }

    def tensor(name: str) -> np.ndarray:
        layer, _, kind = name.rpartition(".")
        if layer.lower().replace("_", "").endswith("layernorm"):
            size = narrow if layer.startswith("embeddings.") else width
            return np.full(size, kind == "weight", np.float32)
        shape = next(shape for end, shape in matrices.items() if layer.endswith(end))
        if kind == "bias":
            return np.zeros(shape[0], np.float32)
        random = np.random.default_rng(crc32(name.encode()))
        return random.standard_normal(shape, np.float32) * DEVIATION

    return tensor


def forget(model: keras.Model, seed: int) -> None:
    """Gives all weights of a model new random values, as in `untrained`.

    Two factors of a matrix are drawn so that their product has the deviation of a matrix.

    Args:
        model: changed in place.
        seed: of the draws.
    """
    random = np.random.default_rng(seed)
    for layer in model._flatten_layers(include_self=False):
        factors = hasattr(layer, "left") or hasattr(layer, "widening")
        for weight in [*layer._trainable_variables, *layer._non_trainable_variables]:
            shape = tuple(weight.shape)
            if weight.name == "gamma":
                weight.assign(np.ones(shape, np.float32))
            elif len(shape) < 2:
                weight.assign(np.zeros(shape, np.float32))
            else:
                deviation = (DEVIATION / layer.rank**0.5) ** 0.5 if factors else DEVIATION
                weight.assign(random.standard_normal(shape, np.float32) * np.float32(deviation))

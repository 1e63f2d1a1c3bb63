"""The head of a published masked language model, or of a run's, read for a model of ours."""

from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import ops

from kerastc.found_runs import is_run
from kerastc.models.albert import DEFAULTS
from kerastc.models.converted import activation_of
from kerastc.models.loading import load_model
from kerastc.models.masked_model import BIAS, DENSE, NEVER, NORM, WordHead, masked_model
from kerastc.models.run_encoder import MODEL
from kerastc.models.tensors import open_tensors, read_json, weight_files

if TYPE_CHECKING:
    from kerastc.models.encoders import Encoder

# By type of the model: the names of the dense layer, of the norm and of the bias.
LAYERS = {
    "albert": ("predictions.dense", "predictions.LayerNorm", "predictions.bias"),
    "bert": (
        "cls.predictions.transform.dense",
        "cls.predictions.transform.LayerNorm",
        "cls.predictions.bias",
    ),
    "distilbert": ("vocab_transform", "vocab_layer_norm", "vocab_projector.bias"),
    "roberta": ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias"),
}
LAYERS["xlm-roberta"] = LAYERS["roberta"]


def language_model(
    encoder: "Encoder", seed: int, published: bool = True
) -> tuple[keras.Model, bool]:
    """An encoder with its own masked head if it has one, else with a new one.

    Args:
        encoder: becomes part of the model.
        seed: of the first weights of a new head, and of every dropout.
        published: whether its own is looked for.

    Returns:
        the model, see `masked_model`; and whether the head is the encoder's own.

    Raises:
        UserError: the encoder's folder is damaged.
    """
    folder = encoder.folder if published else None
    if folder is not None and is_run(folder):
        filled = _of_run(encoder, folder, seed)
    else:
        filled = None if folder is None else _of_folder(encoder, folder, seed)
    if filled is not None:
        return filled, True
    head = WordHead.new(encoder.layer, seed)
    return masked_model(encoder.layer, head, encoder.segments, seed), False


def _of_folder(encoder: "Encoder", folder: Path, seed: int) -> keras.Model | None:
    """A model with the head in a folder of Hugging Face's layout; None if there is none."""
    config = read_json(folder / "config.json")
    kind = config.get("model_type")
    if kind in LAYERS:
        with open_tensors(weight_files(folder), kind) as tensors:
            dense, norm, bias = LAYERS[kind]
            if f"{dense}.weight" in tensors and bias in tensors:
                fields = {**(DEFAULTS if kind == "albert" else {}), **config}
                if "activation" in fields:  # DistilBERT's name
                    fields["hidden_act"] = fields["activation"]
                activation = activation_of(fields)
                epsilon = float(fields.get("layer_norm_eps", 1e-12))
                values = [tensors[f"{dense}.weight"].T, tensors[f"{dense}.bias"]]
                values += [tensors[f"{norm}.weight"], tensors[f"{norm}.bias"], tensors[bias]]
                return _filled(encoder, seed, activation, epsilon, values)
    return None


def _of_run(encoder: "Encoder", folder: Path, seed: int) -> keras.Model | None:
    """A model with the head of a run; None if its model is no language model."""
    saved = load_model(folder / MODEL)
    if not any(layer.name == BIAS for layer in saved.layers):
        return None
    activation = keras.saving.serialize_keras_object(saved.get_layer(DENSE).activation)
    named = "gelu" if activation == "gelu" else "gelu_tanh"
    values = [value for name in (DENSE, NORM) for value in saved.get_layer(name).get_weights()]
    [bias] = saved.get_layer(BIAS).get_weights()
    values.append(np.where(bias <= NEVER, bias[bias > NEVER].min(initial=0.0), bias))
    return _filled(encoder, seed, named, saved.get_layer(NORM).epsilon, values)


def _filled(encoder: "Encoder", seed: int, activation: str, epsilon: float, values) -> keras.Model:
    """A model with the weights of a head: kernel, bias, gamma, beta, and a bias of all tokens."""
    head = WordHead.new(encoder.layer, seed, activation, epsilon)
    model = masked_model(encoder.layer, head, encoder.segments, seed)
    *values, bias = values
    if encoder.cut is not None:
        bias = bias[encoder.cut.kept]
    weights = [*head.dense.weights, *head.norm.weights, *head.bias.weights]
    for variable, value in zip(weights, [*values, bias], strict=True):
        variable.assign(ops.reshape(value, variable.shape))
    return model

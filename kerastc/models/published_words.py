"""The head of a published masked language model, or of a run's, read for a model of ours."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

from kerastc.found_runs import is_run
from kerastc.models.albert import DEFAULTS
from kerastc.models.converted import activation_of
from kerastc.models.masked_model import NEVER, HeadWeights, WordHead, masked_model, with_head
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
    found = None
    if published and encoder.words is not None:
        found = _able_to_say_all(encoder.words)
    elif published and encoder.folder is not None and not is_run(encoder.folder):
        found = _of_folder(encoder.folder)
    if found is None:
        head = WordHead.new(encoder.layer, seed)
        return masked_model(encoder.layer, head, encoder.segments, seed), False
    if encoder.cut is not None:
        found = replace(found, bias=found.bias[encoder.cut.kept])
    return with_head(encoder.layer, found, encoder.segments, seed), True


def _of_folder(folder: Path) -> HeadWeights | None:
    """The head in a folder of Hugging Face's layout; None if there is none."""
    config = read_json(folder / "config.json")
    kind = config.get("model_type")
    if kind not in LAYERS:
        return None
    with open_tensors(weight_files(folder), kind) as tensors:
        dense, norm, bias = LAYERS[kind]
        if f"{dense}.weight" not in tensors or bias not in tensors:
            return None
        fields = {**(DEFAULTS if kind == "albert" else {}), **config}
        if "activation" in fields:  # DistilBERT's name
            fields["hidden_act"] = fields["activation"]
        names = [f"{dense}.weight", f"{dense}.bias", f"{norm}.weight", f"{norm}.bias", bias]
        kernel, *vectors = (np.asarray(tensors[name], np.float32) for name in names)
        epsilon = float(fields.get("layer_norm_eps", 1e-12))
        return HeadWeights(activation_of(fields), epsilon, kernel.T, *map(np.ravel, vectors))


def _able_to_say_all(words: HeadWeights) -> HeadWeights:
    """The head of a run; a token that it never says is as improbable as its least probable one."""
    never = words.bias <= NEVER
    return replace(words, bias=np.where(never, words.bias[~never].min(initial=0.0), words.bias))

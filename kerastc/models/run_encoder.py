"""The encoder of a finished run, to go on from: trained on words, tags, classes or answers."""

from pathlib import Path

import keras

from kerastc.errors import UserError
from kerastc.models.awd_lstm import AwdLstm
from kerastc.models.masked_model import HeadWeights, head_weights
from kerastc.models.parts import encoder_layer
from kerastc.models.sequence_encoder import SequenceEncoder
from kerastc.run import Run
from kerastc.text.tokenizer import Tokenizer

MODEL = "model.keras"


def read_run(folder: Path) -> tuple[SequenceEncoder, Tokenizer, HeadWeights | None]:
    """The encoder of a run's model, all of it trainable, its tokenizer, and its masked head.

    It computes in the precision of Keras's global dtype policy. A run that is no language model has
    no such head.

    Raises:
        UserError: the run is not finished or damaged, or its model reads no tokens.
    """
    from kerastc.models.loading import load_model  # with all layers, whose modules load encoders

    run = Run.open(folder)
    model = load_model(run.required(MODEL))
    layer = encoder_layer(model)
    if layer is None:
        causal = any(isinstance(part, AwdLstm) for part in model.layers)
        told = "a causal language model" if causal else "a run whose model reads no tokens"
        raise UserError(
            f"{folder} is {told}: it is no backbone.",
            "Give the run of a recipe on texts, such as language-model.",
        )
    tokenizer = Tokenizer.read(run.required("tokenizer"))
    for part in layer._flatten_layers():
        part.dtype_policy = keras.config.dtype_policy()
    layer.tune("all")
    return layer, tokenizer, head_weights(model)

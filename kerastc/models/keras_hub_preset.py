"""Encoders as KerasHub presets, which `keras_hub.models.Backbone.from_preset` loads."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import keras
import keras_hub
import numpy as np
from keras_hub.tokenizers import Tokenizer as KerasHubTokenizer

from kerastc.errors import UserError
from kerastc.models.albert import groups_of
from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.conversion import copy_block
from kerastc.models.converted import NAME
from kerastc.models.text_encoder import TextEncoder
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.vocabularies import WordPiece, byte_pairs_of

# The activation and the epsilon of KerasHub's backbones. Only the first two have segments.
FUNCTIONS = {
    "Albert": ("gelu_tanh", 1e-12),
    "Bert": ("gelu_tanh", 1e-12),
    "DistilBert": ("gelu", 1e-12),
    "Roberta": ("gelu", 1e-5),
}
SEGMENTED = ("Albert", "Bert")
MORE = 2**20  # bytes of a preset, at most, that are not weights
WORD_PIECES = ("Bert", "DistilBert", "Electra")  # backbones whose tokenizer cuts words in pieces


def kind_of(encoder: CompactEncoder, pairs: bool = False) -> str:
    """The backbone, a key of `FUNCTIONS`, that computes what an encoder does, or comes nearest.

    Args:
        encoder: from `kerastc.models.plain_encoder.plain`.
        pairs: whether it has to tell two texts apart; else one without segments may be taken.

    Raises:
        UserError: there is none with its activation.
    """
    activation = encoder.blocks[0].activation
    if activation == "relu":
        raise UserError(
            "No backbone of KerasHub has the activation relu.",
            "Take another format: --format huggingface",
        )
    if encoder.expansion is not None or encoder.shared:
        return "Albert"
    if activation == "gelu_tanh" or (pairs and encoder.segments is not None):
        return "Bert"
    return "DistilBert" if encoder.epsilon < 1e-8 else "Roberta"


def backbone_of(encoder: CompactEncoder, kind: str) -> keras.Model:
    """A KerasHub backbone with an encoder's weights; without segments, that of the first text is
    added to each position.

    Args:
        encoder: from `kerastc.models.plain_encoder.plain`.
        kind: from `kind_of`.
    """
    block, positions = encoder.blocks[0], encoder.positions.get_weights()[0]
    segments = np.zeros((2, positions.shape[1]), np.float32)
    if encoder.segments is not None:
        segments = encoder.segments.get_weights()[0]
    config: dict[str, Any] = {
        "vocabulary_size": encoder.tokens.input_dim,
        "num_layers": len(encoder.runs),
        "num_heads": block.heads,
        "hidden_dim": encoder.width,
        "intermediate_dim": block.inner.units,
        "dropout": encoder.dropout,
        "max_sequence_length": encoder.max_length,
    }
    if kind in SEGMENTED:
        config["num_segments"] = len(segments)
    else:
        positions = positions + segments[:1]
    if kind == "Albert":
        groups, inner = groups_of(encoder)
        config["num_layers"] //= inner
        config |= {"num_groups": groups, "num_inner_repetitions": inner}
        config["embedding_dim"] = positions.shape[1]
    backbone = getattr(keras_hub.models, f"{kind}Backbone")(**config)
    made = TextEncoder(backbone)
    made.tokens.set_weights(encoder.tokens.get_weights())
    made.positions.set_weights([positions])
    if kind in SEGMENTED:
        made.segments.set_weights([segments])
    if kind == "Albert":
        nothing = [np.eye(encoder.width), np.zeros(encoder.width)]
        own = encoder.expansion
        made.expansion.set_weights(nothing if own is None else own.get_weights())
    backbone.embeddings_layer_norm.set_weights(encoder.norm.get_weights())
    for own, other in zip(encoder.blocks, made.blocks, strict=True):
        copy_block(own, other)
    return backbone


def write_preset(folder: Path, backbone: keras.Model, tokenizer: Tokenizer) -> bool:
    """Writes a preset; whether it has a tokenizer of KerasHub's.

    A tokenizer that KerasHub has no class for is left as it is: tokenizer.json of the library
    `tokenizers`, which kerastc reads, too.

    Raises:
        OSError: the disk has no room for the weights.
    """
    # HDF5 crashes on a full disk.
    if shutil.disk_usage(folder).free < 4 * backbone.count_params() + MORE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    backbone.save_to_preset(str(folder))
    made = _tokenizer(tokenizer, type(backbone).__name__.removesuffix("Backbone"))
    if made is None:
        tokenizer.save(folder)
    else:
        made.save_to_preset(str(folder))
    return made is not None


def read_preset(folder: Path) -> TextEncoder:
    """The encoder of a preset."""
    return TextEncoder(keras_hub.models.Backbone.from_preset(str(folder)), name=NAME)


def _tokenizer(tokenizer: Tokenizer, kind: str) -> KerasHubTokenizer | None:
    """KerasHub's with the same vocabulary and rules, if it has one."""
    rules = WordPiece.of(tokenizer) if tokenizer.model == "WordPiece" else None
    if rules is not None and rules.split_on_cjk:  # KerasHub does not save that it is off
        make = getattr(keras_hub.tokenizers, f"{kind if kind in WORD_PIECES else 'Bert'}Tokenizer")
        return make(
            vocabulary=list(rules.vocabulary),
            lowercase=rules.lowercase,
            strip_accents=rules.strip_accents,
            special_tokens=["[UNK]"],  # beside its own
            special_tokens_in_strings=True,
        )
    pairs = byte_pairs_of(tokenizer) if tokenizer.model == "BPE" else None
    if pairs is None:
        return None
    vocabulary, merges, space = pairs
    return keras_hub.tokenizers.RobertaTokenizer(
        vocabulary=vocabulary, merges=merges, add_prefix_space=space
    )

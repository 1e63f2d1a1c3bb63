"""Pretrained text encoders by name: the verified MiniLM, KerasHub presets, hubs, local folders."""

import difflib
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.models import presets
from kerastc.models.minilm import minilm_folder, verify_minilm
from kerastc.models.sequence_encoder import SequenceEncoder, token_inputs
from kerastc.models.text_encoder import TextEncoder
from kerastc.text.encoded import Encoded
from kerastc.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Encoder:
    """A pretrained encoder with the tokenizer that belongs to its weights.

    Args:
        name: what it was loaded as.
        layer: token ids to vectors; says what it is made of.
        tokenizer: texts to its token ids.
        fingerprint: SHA-256 over architecture, precision and weights as loaded.
    """

    name: str
    layer: SequenceEncoder
    tokenizer: Tokenizer
    fingerprint: str

    @property
    def width(self) -> int:
        """Size of the vector of a token."""
        return self.layer.width

    @property
    def max_length(self) -> int:
        """The most tokens of a text, special tokens included."""
        return self.layer.max_length

    def encode(
        self, texts: Iterable[str], max_length: int, second: Iterable[str] | None = None
    ) -> Encoded:
        """`tokenizer.encode` with the length checked against the encoder's.

        Raises:
            UserError: `max_length` is over `self.max_length`.
        """
        self.require(max_length)
        return self.tokenizer.encode(texts, max_length, second)

    def require(self, length: int) -> None:
        """Raises a `UserError` where texts of this length are more than the encoder can read."""
        if length > self.max_length:
            raise UserError(
                f"max_length={length} is more than {self.name} can read.",
                f"Give {self.max_length} tokens or fewer.",
            )

    def model(self) -> keras.Model:
        """{"token_ids", "padding_mask"}, (batch, length) int32, to (batch, length, width)."""
        inputs = token_inputs()
        return keras.Model(inputs, self.layer(inputs))


def load_encoder(name: str = "minilm") -> Encoder:
    """Loads an encoder in the precision of Keras's global dtype policy.

    Args:
        name: "minilm"; a KerasHub preset such as "distil_bert_base_en_uncased"; "hf://org/model"
            or "kaggle://..."; or a folder in KerasHub's or Hugging Face's layout.

    Raises:
        UserError: unknown name, no network, missing or damaged files, not a text encoder.
    """
    if name == "minilm":
        folder = minilm_folder()
        verify_minilm(folder)
        backbone, tokenizer = presets.read_folder(folder)
    elif name.startswith("hf://"):
        backbone, tokenizer = presets.read_folder(presets.download(name))
    elif name.startswith("kaggle://") or name in presets.preset_names():
        backbone, tokenizer = presets.read_preset(name)
    elif Path(name).expanduser().is_dir():
        backbone, tokenizer = presets.read_folder(Path(name).expanduser())
    else:
        raise _unknown(name)
    layer = TextEncoder(backbone, name="encoder")
    rows = layer.tokens.input_dim
    if tokenizer.vocabulary_size > rows:
        raise UserError(
            f"The tokenizer of {name} knows {tokenizer.vocabulary_size} tokens, "
            f"its weights {rows}: they do not belong together."
        )
    return Encoder(name, layer, tokenizer, _fingerprint(backbone))


def _fingerprint(backbone: keras.Model) -> str:
    config = backbone.get_config() | {"class": type(backbone).__name__}
    del config["name"], config["trainable"]  # they change nothing in the output
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    for weight in backbone.weights:
        array = keras.ops.convert_to_numpy(weight)
        digest.update(np.ascontiguousarray(array).view(np.uint8))
    return digest.hexdigest()


def _unknown(name: str) -> UserError:
    if any(mark in name for mark in "/\\~") or name.startswith("."):
        return UserError(
            f"There is no folder {name}.",
            "Give a folder in KerasHub's or Hugging Face's layout, or hf://org/model.",
        )
    known = ["minilm", *presets.preset_names()]
    nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return UserError(
        f"The encoder {name!r} is not known."
        + (f" Did you mean {' or '.join(nearest)}?" if nearest else ""),
        f"Allowed: minilm, hf://org/model, a local folder, or one of {', '.join(known[1:])}.",
    )

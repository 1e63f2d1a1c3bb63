"""Pretrained text encoders by name: the verified MiniLM, KerasHub presets, hubs, local folders."""

import difflib
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.found_runs import is_run
from kerastc.models import presets
from kerastc.models.conversion import with_table
from kerastc.models.e5 import read_e5
from kerastc.models.e5_file import E5
from kerastc.models.masked_model import HeadWeights
from kerastc.models.minilm import MINILM
from kerastc.models.run_encoder import read_run
from kerastc.models.sequence_encoder import SequenceEncoder, token_inputs
from kerastc.models.smaller import lowest_layers
from kerastc.models.text_encoder import TextEncoder
from kerastc.models.token_cut import TokenCut, Wanted, token_cut
from kerastc.text.encoded import Encoded
from kerastc.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Encoder:
    """A pretrained encoder with the tokenizer that belongs to its weights.

    Args:
        name: the name it was loaded by.
        layer: token ids to vectors, with its parts by name.
        tokenizer: texts to its token ids.
        segments: whether its models take the index of the text that each token is from.
        fingerprint: SHA-256 over architecture, precision and weights as loaded.
        folder: with the files its weights were read from; None of a preset, and of e5.
        cut: what it lacks if it has some of its tokens.
        words: of a run that is a language model, its masked head, with all tokens.
    """

    name: str
    layer: SequenceEncoder
    tokenizer: Tokenizer
    segments: bool
    fingerprint: str
    folder: Path | None = None
    cut: TokenCut | None = None
    words: HeadWeights | None = None

    @property
    def width(self) -> int:
        """Size of a token's vector."""
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
        """Raises a `UserError` if texts of this length are more than the encoder can read."""
        if length > self.max_length:
            raise UserError(
                f"{self.name} reads at most {self.max_length} tokens at once, not {length}.",
                f"Give max_tokens={self.max_length} or less (of documents, window).",
            )

    def pad(self, rows: Encoded, length: int | None = None) -> dict[str, np.ndarray]:
        """`tokenizer.pad`, with segments if the model has them."""
        return self.tokenizer.pad(rows, length, self.segments)

    def restricted(self, used: Iterable[int]) -> "Encoder":
        """The encoder with the tokens in use, and those needed so that no text fails.

        Texts whose tokens are all in use have the same vectors as before.

        Args:
            used: ids of the tokens that should stay.

        Raises:
            UserError: the tokenizer cannot be cut; see `kerastc.text.restricted`.
        """
        table = self.layer.table()
        tokenizer, cut = token_cut(self.tokenizer, len(table), table.copy, lambda *_: used)
        layer = self.layer.with_table(table[cut.kept])
        return replace(
            self, layer=layer, tokenizer=tokenizer, fingerprint=_fingerprint(layer), cut=cut
        )

    def restored(self, model: keras.Model) -> tuple[keras.Model, Tokenizer]:
        """A trained model of this encoder with all tokens again, and their tokenizer.

        Args:
            model: of `sequence_classifier`; its outputs for texts of its own tokens stay.
        """
        if self.cut is None:
            return model, self.tokenizer
        return with_table(model, self.cut.filled), self.cut.tokenizer

    def lowest(self, layers: int) -> "Encoder":
        """The encoder without the layers above its lowest ones, and without what is behind them.

        Raises:
            UserError: it has fewer, or none that can be left out.
        """
        layer = lowest_layers(self.layer, layers, self.segments, self.name)
        return replace(self, layer=layer, fingerprint=_fingerprint(layer), folder=None, words=None)

    def model(self) -> keras.Model:
        """`token_inputs`, (batch, length) int32, to (batch, length, width)."""
        inputs = token_inputs(self.segments)
        return keras.Model(inputs, self.layer(inputs))


def load_encoder(
    name: str = "minilm", pairs: bool = False, random: bool = False, wanted: Wanted | None = None
) -> Encoder:
    """Loads an encoder in the precision of Keras's global dtype policy.

    Args:
        name: "minilm"; "e5"; a KerasHub preset such as "distil_bert_base_en_uncased"; "hf://org/model"
            or "kaggle://..."; a folder in KerasHub's or Hugging Face's layout; or the folder of a
            run on texts.
        pairs: whether it will read two texts at once, with segments if it has them.
        random: whether it gets random weights, the same each time, in place of those published;
            its folder needs only config.json and the tokenizer.
        wanted: the tokens to load, as in `token_cut`; None loads all.

    Raises:
        UserError: unknown name, no network, missing or damaged files, not a text encoder.
    """
    folder, cut, words = _folder(name), None, None
    if folder is not None and is_run(folder):
        if random:
            raise presets.no_random(name)
        layer, tokenizer, words = read_run(folder)
    elif folder is not None:
        layer, tokenizer, cut = presets.read_folder(folder, pairs, random, wanted)
    elif random:
        raise presets.no_random(name)
    elif name == "e5":
        layer, tokenizer, cut = read_e5(E5.verified(), wanted=wanted)
    elif name.startswith("kaggle://") or name in presets.preset_names():
        layer, tokenizer = presets.read_preset(name)
    else:
        raise _unknown(name)
    rows = layer.tokens.input_dim
    if tokenizer.vocabulary_size > rows:
        raise UserError(
            f"The tokenizer of {name} has {tokenizer.vocabulary_size} tokens, "
            f"its weights {rows}: they do not belong together."
        )
    segments = pairs and layer.segments is not None and presets.tells_segments(tokenizer)
    behind = None if random else folder  # with a pooler and a classifier, which were trained
    encoder = Encoder(name, layer, tokenizer, segments, _fingerprint(layer), behind, cut, words)
    used = wanted(tokenizer, rows) if wanted is not None and cut is None else None
    return encoder if used is None else encoder.restricted(used)


def _folder(name: str) -> Path | None:
    """The folder that a name stands for, fetched if need be; None for any other name."""
    if name == "minilm":
        return MINILM.verified()
    if name.startswith("hf://"):
        return presets.download(name)
    folder = Path(name).expanduser()
    known = name == "e5" or name.startswith("kaggle://") or name in presets.preset_names()
    return folder if not known and folder.is_dir() else None


def _fingerprint(layer: SequenceEncoder) -> str:
    made = layer.backbone if isinstance(layer, TextEncoder) else layer
    config = made.get_config() | {"class": type(made).__name__}
    del config["name"], config["trainable"]  # they change nothing in the output
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    for weight in made.weights:
        array = keras.ops.convert_to_numpy(weight)
        digest.update(np.ascontiguousarray(array).view(np.uint8))
    return digest.hexdigest()


def _unknown(name: str) -> UserError:
    if any(mark in name for mark in "/\\~") or name.startswith("."):
        is_file = Path(name).expanduser().is_file()
        told = f"{name} is a file." if is_file else f"There is no folder {name}."
        return UserError(told, presets.LAYOUTS)
    known = ["minilm", "e5", *presets.preset_names()]
    nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return UserError(
        f"The encoder {name!r} is not known."
        + (f" Did you mean {' or '.join(nearest)}?" if nearest else ""),
        "Allowed: minilm, e5, hf://org/model, a local folder, a run, or one of "
        f"{', '.join(known[2:])}.",
    )

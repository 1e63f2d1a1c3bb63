"""Backbones and tokenizers from KerasHub presets, hubs, and folders in either layout.

Everything that can go wrong is raised as a `UserError`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras_hub
import numpy as np

from kerastc.errors import UserError, out_of_memory
from kerastc.models.albert import albert
from kerastc.models.bert import bert, distilbert, roberta
from kerastc.models.converted import NAME, TOKENS, Tensor
from kerastc.models.sequence_encoder import SequenceEncoder
from kerastc.models.tensors import (
    CONVERTING,
    WEIGHTS,
    open_tensors,
    read_json,
    require,
    weight_files,
)
from kerastc.models.text_encoder import TextEncoder
from kerastc.models.token_cut import TokenCut, Wanted, token_cut
from kerastc.models.tokenizer_file import of_keras_hub, read_tokenizer
from kerastc.models.untrained import untrained
from kerastc.text.tokenizer import Tokenizer

ARCHITECTURES = ("Albert", "Bert", "DebertaV3", "DistilBert", "Electra", "Roberta", "XLMRoberta")
# By Hugging Face's name of an architecture.
CONVERTED = {
    "albert": albert,
    "bert": bert,
    "distilbert": distilbert,
    "roberta": roberta,
    "xlm-roberta": roberta,
}
LAYOUTS = "Give a folder in KerasHub's or Hugging Face's layout, or hf://org/model."
OFFLINE = "Without a network use backbone=minilm, or a folder with the files of a model."


def preset_names() -> list[str]:
    """The KerasHub presets that are text encoders."""
    classes = [getattr(keras_hub.models, f"{name}Backbone") for name in ARCHITECTURES]
    return [preset for cls in classes for preset in cls.presets]


def read_preset(name: str) -> tuple[SequenceEncoder, Tokenizer]:
    """Downloads a KerasHub preset, or reads it from KerasHub's cache.

    Raises:
        UserError: it cannot be fetched or is not a text encoder.
    """
    with _fetching(name, "Kaggle"):
        backbone = keras_hub.models.Backbone.from_preset(name)
        layer = keras_hub.tokenizers.Tokenizer.from_preset(name)
    _check_class(name, type(backbone).__name__)
    return TextEncoder(backbone, name=NAME), of_keras_hub(layer)


def download(name: str) -> Path:
    """The folder of a Hugging Face model, "hf://org/model", fetched or from the local cache.

    Raises:
        UserError: it cannot be fetched, or has pickled weights alone.
    """
    import huggingface_hub

    repository = name.removeprefix("hf://")
    wanted = ["*.json", "*.txt", "*.model", "model*.safetensors", "model*.h5", "assets/*"]
    with _fetching(name, "Hugging Face"):
        try:
            folder = huggingface_hub.snapshot_download(
                repository, allow_patterns=wanted, local_files_only=True
            )
        except huggingface_hub.errors.LocalEntryNotFoundError:
            # Checked first, because the download itself would retry for half a minute.
            huggingface_hub.HfApi().model_info(repository, timeout=10)
            folder = huggingface_hub.snapshot_download(repository, allow_patterns=wanted)
    if not any(
        path for kind in ("safetensors", "h5") for path in Path(folder).glob(f"model*.{kind}")
    ):
        raise UserError(f"{name} has no weights in {WEIGHTS}.", CONVERTING)
    return Path(folder)


def read_folder(
    folder: Path, pairs: bool = False, random: bool = False, wanted: Wanted | None = None
) -> tuple[SequenceEncoder, Tokenizer, TokenCut | None]:
    """Reads a folder in KerasHub's or Hugging Face's layout.

    Args:
        pairs: whether the encoder is for two texts; for single texts BERT needs no segments.
        random: whether its weights are left unread, and random ones taken; not of KerasHub's.
        wanted: as in `kerastc.models.token_cut.token_cut`; all tokens of KerasHub's are loaded.

    Raises:
        UserError: files are missing or damaged, or the model is not a text encoder.
    """
    if not (folder / "config.json").exists():
        raise UserError(f"{folder} is no encoder: it has no config.json.", LAYOUTS)
    config = read_json(folder / "config.json")
    if "registered_name" in config:
        if random:
            raise no_random(str(folder))
        _check_class(str(folder), str(config.get("class_name")))
        if not (folder / "model.weights.json").exists():  # there, the weights are in parts
            require(folder, "model.weights.h5")
        with _reading(folder):
            backbone = keras_hub.models.Backbone.from_preset(str(folder))
            return TextEncoder(backbone, name=NAME), read_tokenizer(folder), None
    if "model_type" in config:
        return _read_hugging_face(folder, config, pairs, random, wanted)
    raise UserError(
        f"{folder / 'config.json'} describes neither a KerasHub nor a Hugging Face model.",
        "It needs a field registered_name or model_type.",
    )


def no_random(name: str) -> UserError:
    """Of an encoder that is not read from a config.json of Hugging Face's."""
    return UserError(
        f"weights=random is not possible for {name}.",
        "It is for minilm, and for folders and hf:// models in Hugging Face's layout.",
    )


def tells_segments(tokenizer: Tokenizer) -> bool:
    """Whether a tokenizer gives the second of two texts its own segment; XLM-R has none."""
    return max(tokenizer.frame(2).own) > 0


def _read_hugging_face(
    folder: Path, config: dict, pairs: bool, random: bool, wanted: Wanted | None
) -> tuple[SequenceEncoder, Tokenizer, TokenCut | None]:
    kind = config["model_type"]
    if kind not in CONVERTED:
        raise UserError(
            f"{folder} holds a model of type {kind!r}.", f"Allowed: {', '.join(CONVERTED)}."
        )
    weights = () if random else weight_files(folder)

    @contextmanager
    def opened() -> Iterator[Tensor]:
        with open_tensors(weights, kind) as tensors:
            yield untrained(config) if random else tensors.__getitem__

    def table() -> np.ndarray:
        with opened() as tensor:
            return tensor(TOKENS)

    with _reading(folder):
        tokenizer = read_tokenizer(folder)
        segments = pairs and config.get("type_vocab_size", 2) > 1 and tells_segments(tokenizer)
        tokenizer, cut = token_cut(tokenizer, config["vocab_size"], table, wanted)
        with opened() as tensor:
            own = tensor if cut is None else cut.tensor(tensor)
            return CONVERTED[kind](own, config, segments), tokenizer, cut


def _check_class(name: str, class_name: str) -> None:
    if class_name.removesuffix("Backbone") not in ARCHITECTURES:
        raise UserError(
            f"{name} is a {class_name}, no text encoder.", f"Allowed: {', '.join(ARCHITECTURES)}."
        )


@contextmanager
def _fetching(name: str, hub: str) -> Iterator[None]:
    """Turns any exception of the hubs' clients into one message with a next step."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # the clients raise from four libraries
        if out_of_memory(error):
            raise
        raise UserError(
            f"Cannot load {name} from {hub} or its local cache: {_first_line(error)}", OFFLINE
        ) from error


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """Turns any exception of the readers for a damaged file into one message."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # h5py, safetensors, sentencepiece, json and Keras each their own
        if out_of_memory(error):
            raise
        raise UserError(
            f"The model in {folder} cannot be read: {_first_line(error)}",
            "The files are damaged or do not belong together; copy or download them again.",
        ) from error


def _first_line(error: Exception) -> str:
    text = f"{type(error).__name__}: {str(error).strip()}".split("\n")[0]
    return text if len(text) <= 160 else text[:159] + "\N{HORIZONTAL ELLIPSIS}"

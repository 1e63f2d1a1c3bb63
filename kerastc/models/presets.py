"""Backbones and tokenizers from KerasHub presets, hubs, and folders in either layout.

Everything that can go wrong is raised as a `UserError`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras_hub

from kerastc.errors import UserError, out_of_memory
from kerastc.models.bert import NAME, read_bert
from kerastc.models.sequence_encoder import SequenceEncoder
from kerastc.models.text_encoder import TextEncoder
from kerastc.models.tokenizer_file import of_keras_hub, read_tokenizer
from kerastc.text.tokenizer import Tokenizer

ARCHITECTURES = ("Albert", "Bert", "DebertaV3", "DistilBert", "Electra", "Roberta", "XLMRoberta")
# Hugging Face's names for those that KerasHub converts.
CONVERTED = ("albert", "bert", "distilbert", "roberta", "xlm-roberta")
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
        UserError: it cannot be fetched.
    """
    import huggingface_hub

    repository = name.removeprefix("hf://")
    wanted = ["*.json", "*.txt", "*.model", "model*.safetensors", "*.h5", "assets/*"]
    with _fetching(name, "Hugging Face"):
        try:
            folder = huggingface_hub.snapshot_download(
                repository, allow_patterns=wanted, local_files_only=True
            )
        except huggingface_hub.errors.LocalEntryNotFoundError:
            # Checked first, because the download itself would retry for half a minute.
            huggingface_hub.HfApi().model_info(repository, timeout=10)
            folder = huggingface_hub.snapshot_download(repository, allow_patterns=wanted)
    return Path(folder)


def read_folder(folder: Path, pairs: bool = False) -> tuple[SequenceEncoder, Tokenizer]:
    """Reads a folder in KerasHub's or Hugging Face's layout.

    Args:
        pairs: whether the encoder is for two texts; for single texts BERT needs no segments.

    Raises:
        UserError: files are missing or damaged, or the model is not a text encoder.
    """
    config = _read_json(folder / "config.json")
    if "registered_name" in config:
        _check_class(str(folder), str(config.get("class_name")))
        if not (folder / "model.weights.json").exists():  # there, the weights are in parts
            _require(folder, "model.weights.h5")
        with _reading(folder):
            backbone = keras_hub.models.Backbone.from_preset(str(folder))
            return TextEncoder(backbone, name=NAME), read_tokenizer(folder)
    if "model_type" in config:
        return _read_hugging_face(folder, config, pairs)
    raise UserError(
        f"{folder / 'config.json'} describes neither a KerasHub nor a Hugging Face model.",
        "It needs a field registered_name or model_type.",
    )


def tells_segments(tokenizer: Tokenizer) -> bool:
    """Whether a tokenizer gives the second of two texts its own segment; XLM-R has none."""
    return max(tokenizer.frame(2).own) > 0


def _read_hugging_face(
    folder: Path, config: dict, pairs: bool
) -> tuple[SequenceEncoder, Tokenizer]:
    kind = config["model_type"]
    if kind not in CONVERTED:
        raise UserError(
            f"{folder} holds a model of type {kind!r}.", f"Allowed: {', '.join(CONVERTED)}."
        )
    weights = _weights(folder)
    with _reading(folder):
        tokenizer = read_tokenizer(folder)
        if kind == "bert":
            segments = pairs and config.get("type_vocab_size", 2) > 1 and tells_segments(tokenizer)
            return read_bert(weights, config, segments), tokenizer
        backbone = keras_hub.models.Backbone.from_preset(str(folder))
        return TextEncoder(backbone, name=NAME), tokenizer


def _weights(folder: Path) -> list[Path]:
    """The files of a Hugging Face model: one, or those named by its index."""
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        _require(folder, "model.safetensors")
        return [folder / "model.safetensors"]
    parts = _read_json(index).get("weight_map")
    if not isinstance(parts, dict) or not parts:
        raise UserError(f"{index} is damaged: it names no files.")
    names = sorted({Path(str(name)).name for name in parts.values()})
    _require(folder, *names)
    return [folder / name for name in names]


def _check_class(name: str, class_name: str) -> None:
    if class_name.removesuffix("Backbone") not in ARCHITECTURES:
        raise UserError(
            f"{name} is a {class_name}, no text encoder.", f"Allowed: {', '.join(ARCHITECTURES)}."
        )


def _read_json(path: Path) -> dict:
    try:
        read = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged: {error}.") from None
    if not isinstance(read, dict):
        raise UserError(f"{path} is damaged: not a JSON object.")
    return read


def _require(folder: Path, *names: str) -> None:
    missing = [name for name in names if not (folder / name).exists()]
    if not missing:
        return
    hint = "Copy the whole model into the folder."
    if "model.safetensors" in missing and (folder / "pytorch_model.bin").exists():
        hint = "pytorch_model.bin is not read; save it again with safe_serialization=True."
    raise UserError(f"{folder} lacks {', '.join(missing)}.", hint)


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

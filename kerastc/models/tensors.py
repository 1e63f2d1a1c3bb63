"""The files of a model in Hugging Face's layout: JSON, and weights in safetensors."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from kerastc.errors import UserError

WEIGHTS, PICKLED = "model.safetensors", "pytorch_model.bin"
CONVERTING = (
    f"{PICKLED} is a pickle, which can hold code, and is not read. Save the model again, in "
    "transformers by MODEL.save_pretrained(FOLDER, safe_serialization=True); give backbone=FOLDER."
)


class Tensors(Mapping[str, np.ndarray]):
    """Weights by name, each read when it is asked for; dense kernels are (outputs, inputs).

    Names have no prefix of the model's type ("bert."), and norms their present names, weight and
    bias, for gamma and beta of 2018.

    Args:
        files: opened, by a tensor's name as here; with its name in the file.
    """

    def __init__(self, files: Mapping[str, tuple[Any, str]]):
        self.files = files

    def __getitem__(self, name: str) -> np.ndarray:
        file, own = self.files[name]
        return file.get_tensor(own)

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)


@contextmanager
def open_tensors(paths: Sequence[Path], kind: str) -> Iterator[Tensors]:
    """The weights of a model, while its files are open.

    Args:
        paths: from `weight_files`.
        kind: the model's type, as in config.json.

    Raises:
        safetensors.SafetensorError: a file is damaged.
    """
    prefix = f"{kind.removeprefix('xlm-')}."
    with ExitStack() as stack:
        files = [stack.enter_context(safe_open(path, "np")) for path in paths]
        yield Tensors({_plain(n, prefix): (file, n) for file in files for n in file.keys()})  # noqa: SIM118


def weight_files(folder: Path) -> list[Path]:
    """The files with a model's weights: one, or those named by its index.

    Raises:
        UserError: they are missing, or are pickles.
    """
    index = folder / f"{WEIGHTS}.index.json"
    if not index.exists():
        require(folder, WEIGHTS)
        return [folder / WEIGHTS]
    parts = read_json(index).get("weight_map")
    if not isinstance(parts, dict) or not parts:
        raise UserError(f"{index} is damaged: it names no files.")
    names = sorted({Path(str(name)).name for name in parts.values()})
    require(folder, *names)
    return [folder / name for name in names]


def read_json(path: Path) -> dict:
    """The object in a file.

    Raises:
        UserError: it is missing or damaged.
    """
    try:
        read = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged: {error}.") from None
    if not isinstance(read, dict):
        raise UserError(f"{path} is damaged: not a JSON object.")
    return read


def require(folder: Path, *names: str) -> None:
    """Raises a `UserError` if files are missing in a folder."""
    missing = [name for name in names if not (folder / name).exists()]
    if not missing:
        return
    hint = "Copy the whole model into the folder."
    if WEIGHTS in missing and (folder / PICKLED).exists():
        hint = CONVERTING
    raise UserError(f"{folder} lacks {', '.join(missing)}.", hint)


def _plain(name: str, prefix: str) -> str:
    name = name.removeprefix(prefix)
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
        "LayerNorm.beta", "LayerNorm.bias"
    )

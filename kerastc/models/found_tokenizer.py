"""The tokenizer that a user names: of an encoder, a run, a corpus, a folder, or a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastc.errors import UserError, nearest
from kerastc.forms import read_json
from kerastc.models.e5_file import E5, Q4
from kerastc.models.e5_file import FILE as WEIGHTS
from kerastc.models.minilm import MINILM
from kerastc.models.tokenizer_file import read_tokenizer
from kerastc.text.tokenizer import FILE, Tokenizer

PREPARATION = {"preparation?": {str: object}, "settings?": {"preparation?": {str: object}}}


def find_tokenizer(name: str) -> tuple[Tokenizer, Mapping[str, Any]]:
    """The tokenizer, and the steps of `TextPreparation` that come before it.

    Args:
        name: minilm, e5, or hf://org/model; the folder of a run, a corpus or a model; or a
            tokenizer.json.

    Raises:
        UserError: there is none.
    """
    if name == "minilm":
        return read_tokenizer(MINILM.verified()), {}
    if name == "e5":
        return Q4.read(E5.verified() / WEIGHTS).tokenizer(), {}
    if name.startswith("hf://"):
        from kerastc.models.presets import download

        return read_tokenizer(download(name)), {}
    path = Path(name).expanduser()
    if path.is_file():
        return _of_file(path), {}
    if (path / "tokenizer" / FILE).is_file():
        return Tokenizer.read(path / "tokenizer"), _preparation(path)
    if path.is_dir():
        return read_tokenizer(path), {}
    beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    raise UserError(
        f"There is no tokenizer {name!r}: it is no file or folder, and no known encoder.",
        nearest(path.name, ["minilm", "e5", *beside])
        or "Give minilm, e5, hf://org/model, a run, a corpus, or a folder with tokenizer.json.",
    )


def _of_file(path: Path) -> Tokenizer:
    try:
        return Tokenizer(path.read_text("utf-8"))
    except (UserError, OSError, UnicodeDecodeError) as error:
        said = error.message if isinstance(error, UserError) else error
        raise UserError(f"{path} cannot be read: {said}") from None


def _preparation(folder: Path) -> Mapping[str, Any]:
    """Of a run or of a corpus."""
    for name in ("preprocessing.json", "corpus.json"):
        try:
            found = read_json(folder / name, PREPARATION)
        except FileNotFoundError:
            continue
        return found.get("preparation") or (found.get("settings") or {}).get("preparation") or {}
    return {}

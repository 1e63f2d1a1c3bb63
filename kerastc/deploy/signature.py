"""The file next to an exported model that describes its inputs and outputs.

It is read on devices: only Python's standard library is imported here.
"""

import hashlib
import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any

from kerastc.errors import UserError
from kerastc.forms import read_json
from kerastc.tensor import Tensor

SUFFIX = ".json"
KERAS = (".keras", ".h5")  # files that Keras writes and no device runs
EXPORTED = (".tflite", ".onnx", ".zip")  # files that `kerastc export` writes
SERVE = "serve"  # the function that takes the inputs, in SavedModels and LiteRT files
CHUNK = 1 << 20  # bytes per read


@dataclass(frozen=True)
class Signature:
    """What a program needs to know to run an exported model.

    Args:
        format: "litert", "onnx" or "saved_model".
        file: the model, relative to the folder of the signature; a folder for a SavedModel.
        sha256: of the model's bytes; see `digest`.
        bytes: size of the model.
        task: of the model, a name of `kerastc.tasks`.
        inputs: in the order of the model's signature.
        outputs: in its order; for classes the logits, (batch, classes).
        classes: the names in labels.txt, in their order.
        preprocessing: what is done to an example before the model, as in a run's
            preprocessing.json.
        tokenizer: folder next to the signature; empty if the input has none.
        quantization: "float32", "float16", "int8", "int8-static", "int4-tables" or "int4".
        parameters: of the original Keras model.
        parity: how far the model differs from the Keras model on real rows, see
            `kerastc.deploy.convert.parity`.
        lengths: tokens per text, ascending. A LiteRT file with several has a signature for each,
            named "serve" for the largest, which `inputs` shows, and "serve_8" and so on.
        notes: what a user of the file should know.
        folder: from which the signature was read; not in the file.
    """

    format: str
    file: str
    sha256: str
    bytes: int
    task: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    classes: tuple[str, ...]
    preprocessing: dict[str, Any]
    tokenizer: str
    quantization: str
    parameters: int
    parity: dict[str, Any] | None = None
    lengths: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    folder: Path = field(default=Path(), compare=False)

    @property
    def path(self) -> Path:
        """The model.

        Raises:
            UserError: `file` leaves the signature's folder.
        """
        return self._inside(self.file, "file")

    @property
    def tokenizer_path(self) -> Path:
        """The tokenizer's folder; errors as in `path`."""
        return self._inside(self.tokenizer, "tokenizer")

    def verify(self) -> None:
        """Compares the model with its signature.

        Raises:
            UserError: the model is missing, has other bytes, or is outside the folder.
        """
        path = self.path
        if not path.exists():
            raise UserError(f"{path} is missing.", "Export the run again: kerastc export RUN")
        if (found := digest(path)) != self.sha256:
            raise UserError(
                f"{path} is not the file that its signature was written for: SHA-256 "
                f"{found[:12]}…, not {self.sha256[:12]}….",
                "It was damaged or replaced. Copy both again, or export the run again.",
            )

    @classmethod
    def read(cls, path: Path) -> "Signature":
        """Reads a signature; `path` is its file or its model's.

        Raises:
            UserError: it is missing, is not a signature, or a field is wrong.
        """
        model = path = Path(path)
        if path.suffix != SUFFIX:
            path = beside(path)
        try:
            record = read_json(path)
        except FileNotFoundError:
            if model.suffix in KERAS:
                raise UserError(
                    f"{model} is a Keras model, not a run or an exported file.",
                    "Give the run, or export it first: "
                    f"{shlex.join(['kerastc', 'export', str(model.parent)])}",
                ) from None
            if not model.exists():
                raise UserError(f"There is no file {model}.", "Check the path.") from None
            if model.is_file() and model.suffix not in EXPORTED:
                raise UserError(
                    f"{model} is neither a run's folder nor an exported model.",
                    f"Exported models end in {', '.join(EXPORTED)}.",
                ) from None
            raise UserError(
                f"{path} is missing: it describes the inputs and outputs of the model next to it.",
                "Copy it together with the model, as `kerastc export` wrote them.",
            ) from None
        return cls.of(record, path)

    @classmethod
    def of(cls, record: Any, source: Path) -> "Signature":
        """A signature from its JSON.

        Args:
            record: the JSON.
            source: its file, named in errors; its folder becomes `folder`.

        Raises:
            UserError: a field is missing or wrong; the message names it.
        """
        if not isinstance(record, dict):
            raise UserError(f"{source} is not a model's signature: it holds no JSON object.")
        try:
            return cls(**_checked(record), folder=source.parent)
        except _WrongField as error:
            raise UserError(
                f"{source} is not a model's signature: {error}.",
                "Export the run again: kerastc export RUN",
            ) from None

    def as_dict(self) -> dict[str, Any]:
        """The JSON of the file."""
        record = asdict(self)
        del record["folder"]
        return record

    def write(self, path: Path) -> None:
        """Writes the JSON."""
        text = json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8", newline="")

    def _inside(self, name: str, field_name: str) -> Path:
        path = self.folder / name
        # A link may lead elsewhere.
        if not (_stays_inside(name) and path.resolve().is_relative_to(self.folder.resolve())):
            raise UserError(f"{field_name}={name!r} leaves the folder {self.folder}.")
        return path


def shortest(lengths: Sequence[int], tokens: int) -> int:
    """The length of a file that holds so many tokens with the least padding."""
    return min(length for length in lengths if length >= tokens)


def of_length(length: int) -> str:
    """The name of the function for a smaller length in a file with several lengths."""
    return f"{SERVE}_{length}"


def beside(model: Path) -> Path:
    """Where the signature of a model is: model.tflite.json, saved_model.json."""
    return model.with_name(model.name + SUFFIX)


def digest(path: Path) -> str:
    """SHA-256 of a file; for a folder, of the names and digests of its files, in order."""
    whole = hashlib.sha256()
    if path.is_dir():
        for part in sorted(path.rglob("*")):
            if part.is_file():
                name = part.relative_to(path).as_posix()
                whole.update(f"{digest(part)}  {name}\n".encode())
    else:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                whole.update(chunk)
    return whole.hexdigest()


def size(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    parts = path.rglob("*") if path.is_dir() else [path]
    return sum(part.stat().st_size for part in parts if part.is_file())


class _WrongField(ValueError):
    """An error that names the field and what is wrong with it."""


TYPES = {
    "format": str,
    "file": str,
    "sha256": str,
    "bytes": int,
    "task": str,
    "inputs": list,
    "outputs": list,
    "classes": list,
    "preprocessing": dict,
    "tokenizer": str,
    "quantization": str,
    "parameters": int,
}


def _checked(record: dict[str, Any]) -> dict[str, Any]:
    """The fields with the types of `Signature`; additions of later versions are ignored."""
    for name, kind in TYPES.items():
        if name not in record:
            raise _WrongField(f"{name} is missing")
        if not isinstance(record[name], kind) or isinstance(record[name], bool):
            raise _WrongField(f"{name}={record[name]!r} is not of type {kind.__name__}")
    if not all(isinstance(name, str) for name in record["classes"]):
        raise _WrongField("classes holds something that is not a name")
    for name in ("file", "tokenizer"):
        none = name == "tokenizer" and not record[name]
        if not (none or _stays_inside(record[name])):
            raise _WrongField(f"{name}={record[name]!r} leaves the folder of the signature")
    known = {name.name for name in fields(Signature)} - {"folder"}
    checked = {name: value for name, value in record.items() if name in known}
    for name in ("inputs", "outputs"):
        checked[name] = tuple(_tensor(name, entry) for entry in record[name])
        if not checked[name]:
            raise _WrongField(f"{name} is empty")
    checked["classes"] = tuple(record["classes"])
    checked["lengths"] = _lengths(record.get("lengths", ()))
    checked["notes"] = tuple(map(str, record.get("notes", ())))
    return checked


def _lengths(entry: Any) -> tuple[int, ...]:
    whole = isinstance(entry, list | tuple) and all(type(n) is int and n > 0 for n in entry)
    if not whole or list(entry) != sorted(set(entry)):
        raise _WrongField(f"lengths={entry!r} are not ascending whole numbers")
    return tuple(entry)


def _tensor(name: str, entry: Any) -> Tensor:
    for key in ("name", "shape", "dtype"):
        if isinstance(entry, dict) and key not in entry:
            raise _WrongField(f"{name} holds {entry!r}, which lacks {key!r}")
    try:
        shape = tuple(entry["shape"])
        tensor = Tensor(entry["name"], shape, entry["dtype"])
    except (TypeError, KeyError) as error:
        raise _WrongField(f"{name} holds {entry!r}, which lacks {error}") from None
    whole = all(n is None or (type(n) is int and n > 0) for n in shape)
    if not whole or not isinstance(tensor.name, str) or not isinstance(tensor.dtype, str):
        raise _WrongField(f"{name} holds {entry!r}, which is not a tensor")
    return tensor


def _stays_inside(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return bool(parts) and ".." not in parts and parts[0] != "/" and ":" not in parts[0]

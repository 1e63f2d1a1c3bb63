"""One .zip with everything a device needs: model, signature, tokenizer, samples and answers.

    kerastc export RUN --bundle          writes it
    kerastc predict BUNDLE.zip "a text"  uses it (or photo.png, for a model of images)
    kerastc benchmark BUNDLE.zip         measures it

A bundle comes from elsewhere, so nothing in it is trusted: names must stay inside, sizes are
bounded, and every file must have the SHA-256 in the manifest.
"""

import errno
import hashlib
import json
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from kerastc import __version__
from kerastc.deploy.kept_examples import examples_of, spread
from kerastc.deploy.run.sessions import FORMATS
from kerastc.deploy.signature import Signature, beside
from kerastc.errors import UserError
from kerastc.files import writing
from kerastc.forms import parsed
from kerastc.outputs.output import Output
from kerastc.run import Run
from kerastc.tasks import Task, task_named

SUFFIX = ".zip"
MANIFEST = "manifest.json"
SAMPLES = "samples.csv"
FORMAT = 1  # of the manifest
ROWS = 200  # samples
MOST_KEPT = 2**24  # bytes of non-text samples; fewer are packed if they are large
MOST_FILES = 100
MOST_BYTES = 2**32  # unpacked; a .tflite ends at 2 GiB
MOST_MANIFEST = 2**20  # bytes
MOST_RATIO = 200  # unpacked to packed; a model with 90 % zeros has less than ten
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same content makes the same file
CHUNK = 1 << 20
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What the libraries raise for a truncated or changed archive.
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(ValueError, NotImplementedError, RuntimeError),
)
AGAIN = "It was damaged or changed on the way. Copy it again, or write it: kerastc export --bundle"


@dataclass(frozen=True)
class Unpacked:
    """A bundle's content, in a folder that exists within the `with` block.

    Args:
        signature: of the model.
        samples: texts or names of images, their true answers, and the Keras model's.
        examples: the same in the form that the input takes.
    """

    signature: Signature
    samples: Any
    examples: Sequence[Any]


def write(signature: Path, out: Path) -> Path:
    """Packs an exported model of a run, and up to 200 samples of the run with their answers.

    Args:
        signature: RUN/exports/model.tflite or its signature, or those of ONNX.
        out: the .zip.

    Raises:
        UserError: the format does not run on devices, or the run has no predictions.
    """
    told = Signature.read(signature)
    told.verify()
    if told.format not in FORMATS:
        raise UserError(
            f"{told.path} has the format {told.format}, which no device runs.",
            "Bundle another: kerastc export RUN --format litert --bundle",
        )
    if out.suffix != SUFFIX:
        raise UserError(f"{out} is not a bundle's name.", f"Give one that ends in {SUFFIX}.")
    task = task_named(told.task, told.path)
    output = task.output(told.classes)
    samples, examples, rows = _samples(Run(told.folder.parent), task, output)
    parts = {told.file: told.path, beside(told.path).name: beside(told.path)}
    for path in sorted(told.tokenizer_path.rglob("*")) if told.tokenizer else ():
        if path.is_file():
            parts[path.relative_to(told.folder).as_posix()] = path
    with tempfile.TemporaryDirectory() as folder:
        parts[SAMPLES] = Path(folder, SAMPLES)
        output.write_predictions(
            parts[SAMPLES],
            task.columns,
            [samples.examples[row] for row in rows],
            [samples.truth[row] for row in rows],
            [samples.answers[row] for row in rows],
        )
        if kept := _kept(task):
            parts[kept] = Path(folder, kept)
            task.input.write_kept(parts[kept], task.units, examples[rows])
        with writing(out) as temporary:
            _pack(temporary, parts, beside(told.path).name)
    return out


@contextmanager
def unpacked(path: Path) -> Iterator[Unpacked]:
    """Checks a bundle and unpacks it into its own folder.

    Raises:
        UserError: it is not a bundle, a name leaves its folder, a checksum is wrong, or its content
            is too large.
    """
    if not path.is_file():
        raise UserError(f"There is no bundle at {path}.", "Write one: kerastc export RUN --bundle")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            with zipfile.ZipFile(path) as archive:
                signature = _unpack(archive, folder)
        except _Unfit as error:
            raise UserError(f"{path} is not a valid bundle: {error}.", AGAIN) from None
        except BROKEN as error:
            raise UserError(f"{path} cannot be unpacked: {error}", AGAIN) from None
        except OSError as error:
            if error.errno != errno.EINVAL:  # a full disk is no fault of the bundle
                raise
            raise UserError(
                f"{path} cannot be unpacked: it points outside itself.", AGAIN
            ) from None
        told = Signature.read(folder / signature)
        task = task_named(told.task, told.path)
        samples = task.output(told.classes).read_predictions(folder / SAMPLES)
        examples, kept = samples.examples, _kept(task)
        if kept:
            examples = task.input.read_kept(folder / kept, task.units)
            if len(examples) != len(samples.examples):
                raise UserError(f"{path} has different numbers of {task.units} and answers.", AGAIN)
        yield Unpacked(told, samples, examples)


class _Unfit(ValueError):
    """What is wrong with a bundle, as the end of a sentence."""


def _kept(task: Task) -> str:
    """The name of the samples' file in a bundle, if the predictions only name them."""
    return f"samples{Path(task.input.kept).suffix}" if task.input.kept else ""


def _samples(run: Run, task: Task, output: Output) -> tuple[Any, Sequence[Any], np.ndarray]:
    """A run's test predictions, else validation's; their examples, and up to 200 rows."""
    for part in dict.fromkeys((run.judged_on, "validation")):
        path = run.path("predictions", f"{part}.csv")
        examples = examples_of(run, part, task, output) if path.is_file() else None
        if examples is not None:
            samples = output.read_predictions(path)
            most = ROWS
            if task.input.kept:
                most = min(ROWS, max(1, MOST_KEPT // examples[0].nbytes))
            return samples, examples, spread(min(len(samples.examples), len(examples)), most)
    files = "test.csv nor validation.csv"
    files += f" with {task.input.kept}" if task.input.kept else ""
    raise UserError(
        f"{run.path('predictions')} has neither {files}: a bundle takes its samples from there.",
        "Bundle a file in RUN/exports of a finished run.",
    )


def _pack(out: Path, parts: dict[str, Path], signature: str) -> None:
    files = {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in parts.items():
            digest = hashlib.sha256()
            with path.open("rb") as source, archive.open(_entry(name), "w") as target:
                while chunk := source.read(CHUNK):
                    digest.update(chunk)
                    target.write(chunk)
            files[name] = {"sha256": digest.hexdigest(), "bytes": path.stat().st_size}
        manifest = {"format": FORMAT, "kerastc": __version__, "signature": signature}
        with archive.open(_entry(MANIFEST), "w") as target:
            target.write(json.dumps(manifest | {"files": files}, indent=2).encode())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    return entry


def _unpack(archive: zipfile.ZipFile, folder: Path) -> str:
    """Writes every file of the manifest into `folder`; returns the signature's name."""
    entries = _checked_entries(archive)
    if MANIFEST not in entries:
        raise _Unfit(f"{MANIFEST} is missing")
    if entries[MANIFEST].file_size > MOST_MANIFEST:
        raise _Unfit(f"{MANIFEST} has {entries[MANIFEST].file_size:,} bytes")
    files, signature = _manifest(archive.read(MANIFEST))
    if odd := sorted(set(files) ^ (set(entries) - {MANIFEST})):
        raise _Unfit(f"{odd[0]} is in only one of manifest and archive")
    for name, told in files.items():
        if entries[name].file_size != told["bytes"]:
            raise _Unfit(f"{name} has {entries[name].file_size:,} bytes, not {told['bytes']:,}")
    for name, told in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with archive.open(entries[name]) as source, target.open("xb") as file:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                file.write(chunk)
        if digest.hexdigest() != told["sha256"]:
            raise _Unfit(f"{name} has a different SHA-256 from the manifest's")
    return signature


def _checked_entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files by name, before any of them is unpacked."""
    entries: dict[str, zipfile.ZipInfo] = {}
    found = archive.infolist()
    if len(found) > MOST_FILES:
        raise _Unfit(f"it holds {len(found):,} files, more than {MOST_FILES}")
    for entry in found:
        name = entry.filename
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if not _plain(name):
            raise _Unfit(f"the name {name!r} leaves its folder")
        if entry.is_dir() or kind not in (0, stat.S_IFREG) or entry.compress_type not in METHODS:
            raise _Unfit(f"{name} is not a plain file")
        # Names that differ only by case are one file on some devices.
        if name.casefold() in map(str.casefold, entries):
            raise _Unfit(f"{name} occurs twice")
        if entry.file_size > max(MOST_RATIO * entry.compress_size, CHUNK):
            raise _Unfit(f"{name} unpacks to over {MOST_RATIO} times its size")
        entries[name] = entry
    total = sum(entry.file_size for entry in entries.values())
    if total > MOST_BYTES:
        raise _Unfit(f"it unpacks to {total:,} bytes, more than {MOST_BYTES:,}")
    return entries


def _plain(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(path.parts) and not (
        path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name
    )


def _manifest(content: bytes) -> tuple[dict[str, dict[str, Any]], str]:
    """Sizes and checksums by name, and the signature's name."""
    try:
        record = parsed(content, Path(MANIFEST))
        if record["format"] != FORMAT:
            raise _Unfit(f"its format is {record['format']!r}; this version reads {FORMAT}")
        files = {
            str(name): {"sha256": str(told["sha256"]), "bytes": int(told["bytes"])}
            for name, told in record["files"].items()
        }
        signature = str(record["signature"])
    except _Unfit:
        raise
    except UserError as error:
        raise _Unfit(f"{MANIFEST} cannot be read: {error.message.rstrip('.')}") from None
    except (ValueError, OverflowError, KeyError, TypeError, AttributeError) as error:
        raise _Unfit(f"{MANIFEST} cannot be read: {error!r}") from None
    for name in (signature, SAMPLES):
        if name not in files:
            raise _Unfit(f"{MANIFEST} does not list {name}")
    return files, signature

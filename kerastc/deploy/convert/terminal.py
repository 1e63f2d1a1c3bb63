"""Shows an export's files as a table on the terminal."""

from collections.abc import Sequence
from pathlib import Path

from kerastc import formatting
from kerastc.deploy.convert.request import FOLDERS
from kerastc.deploy.measure.benchmark import gzip_size
from kerastc.deploy.signature import Signature
from kerastc.printable import echo
from kerastc.table import show_table
from kerastc.tasks import task_named
from kerastc.tensor import Tensor


def export_table(signatures: Sequence[Signature]) -> None:
    """A row per file: its shape, its sizes, and its difference from the Keras model.

    Args:
        signatures: of one folder, at least one.
    """
    folders = [signature for signature in signatures if signature.format in FOLDERS]
    files = [signature for signature in signatures if signature not in folders]
    if files:
        _files(files)
    if folders:
        _folders(folders)
    for signature in signatures:
        for note in signature.notes:
            echo(f"{signature.file}: {note}")


def _files(signatures: Sequence[Signature]) -> None:
    first = signatures[0]
    task = task_named(first.task, first.path)
    answer = task.output.answer
    show_table(
        ("file", "weights", "input", "size", "gzip", "difference", f"same {answer}"),
        [
            (
                signature.file,
                signature.quantization,
                _shape(signature.inputs[0]),
                formatting.size(signature.bytes),
                formatting.size(_gzip_size(signature.path)),
                f"{signature.parity['max_difference']:.2g}",
                f"{signature.parity['agreement']:.1%}",
            )
            for signature in signatures
        ],
        f"{first.folder}: largest difference of a logit from the Keras model, and the "
        f"share of {first.parity['rows']} {task.units} with the same {answer}",
    )


def _folders(signatures: Sequence[Signature]) -> None:
    first = signatures[0]
    show_table(
        ("folder", "weights", "size", "difference"),
        [
            (
                signature.file,
                signature.quantization,
                formatting.size(signature.bytes),
                f"{signature.parity['max_difference']:.2g}",
            )
            for signature in signatures
        ],
        f"{first.folder}: largest difference of a state of the encoder, read back, from the "
        f"run's, of {first.parity['rows']} rows of random tokens",
    )


def _shape(tensor: Tensor) -> str:
    """`1 x 26`, or for images `any x 32x32x3`."""
    batch, *others = (str(n or "any") for n in tensor.shape)
    return f"{batch} x {'x'.join(others)}"


def _gzip_size(path: Path) -> int:
    files = [part for part in path.rglob("*") if part.is_file()] if path.is_dir() else [path]
    return sum(map(gzip_size, files))

"""What an export wrote, as a table on the terminal."""

from collections.abc import Sequence
from pathlib import Path

import click

from kerastc.deploy.benchmark import gzip_size
from kerastc.deploy.signature import Signature
from kerastc.kinds import KINDS
from kerastc.report import tables
from kerastc.table import show_table


def export_table(signatures: Sequence[Signature]) -> None:
    """A row a file: its shape, its sizes, and how far it is from the Keras model.

    Args:
        signatures: of one folder, at least one.
    """
    show_table(
        ("file", "weights", "input", "size", "gzip", "difference", "same class"),
        [
            (
                signature.file,
                signature.quantization,
                " x ".join(str(n or "any") for n in signature.inputs[0].shape),
                tables.size(signature.bytes),
                tables.size(_gzip_size(signature.path)),
                f"{signature.parity['max_difference']:.2g}",
                f"{signature.parity['agreement']:.1%} of {signature.parity['rows']}",
            )
            for signature in signatures
        ],
        f"{signatures[0].folder}: largest difference of a logit from the Keras model, and "
        f"{KINDS[signatures[0].kind]} with the same class",
    )
    for signature in signatures:
        for note in signature.notes:
            click.echo(f"{signature.file}: {note}")


def _gzip_size(path: Path) -> int:
    files = [part for part in path.rglob("*") if part.is_file()] if path.is_dir() else [path]
    return sum(map(gzip_size, files))

"""Reading a user's examples for a model: the base of `kerastc.inputs.*.read`."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kerastc.errors import UserError
from kerastc.printable import echo
from kerastc.text.given import checked_texts

if TYPE_CHECKING:
    from kerastc.data.labelled import Labelled


class Reader(ABC):
    """Reads a user's examples.

    Args:
        settings: preprocessing.json of the model.

    Attributes:
        takes_test: whether the test part of a source is read if it has one, however it is named.
        key: readers with the same key read the same from a source.
    """

    takes_test: ClassVar[bool] = False
    key: Any

    @abstractmethod
    def __init__(self, settings: Mapping[str, Any]): ...

    @abstractmethod
    def named(
        self, words: Sequence[str], path: Path | None, columns: str, run: Path, **form: Any
    ) -> list[Any]:
        """The examples for `predict`: those in its words and in a file or, if there are neither,
        on standard input.

        Args:
            words: of the command line.
            path: of the file, or None.
            columns: of the file, joined by plus signs.
            run: the model, named in errors.
            form: the file's format: its encoding, delimiter, header and sheet, as in
                `Reading.given`.

        Raises:
            UserError: something cannot be read, or options do not go with the model.
        """

    def seen(self, examples: Sequence[Any]) -> Sequence[Any]:
        """The examples as an input takes them; oddities are reported."""
        return examples

    @abstractmethod
    def labelled(self, data: Path, columns: str, label: str, **form: Any) -> "Labelled":
        """Labelled examples; notes made on the way are printed.

        Args:
            data: a file, folder or source.
            columns: of the examples, joined by plus signs.
            label: the column of the truth.
            form: as in `named`.

        Raises:
            UserError: they cannot be read.
        """


def tell_notes(notes: Mapping[str, int]) -> None:
    """Prints counts made on the way, on standard error."""
    for what, count in notes.items():
        echo(f"{what}: {count:,}", err=True)


def piped_lines(encoding: str) -> list[str]:
    """The lines of standard input; blank ones, except at the end, would shift the answers."""
    from kerastc.data.tables.encodings import known_encoding, settled_encoding

    data = getattr(sys.stdin, "buffer", sys.stdin).read()
    settled = settled_encoding(data, known_encoding(encoding or "utf-8"))
    try:
        text = data.decode(settled)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"Standard input, line {line}, is not {settled.removesuffix('-sig').upper()} "
            f"(byte 0x{data[error.start]:02X}).",
            "Set encoding= to the right one.",
        ) from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")
    if lines == [""]:
        return []
    return checked_texts(lines, lambda index: f"Line {index + 1} of standard input")

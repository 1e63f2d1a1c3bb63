"""Documents, from a user's strings to the token ids of a call: windows in one row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from kerastc.errors import UserError
from kerastc.inputs.text.encode import TextInput
from kerastc.text.documents import Windowing
from kerastc.text.encoded import Encoded
from kerastc.text.preprocessing import Preprocessing


@dataclass(frozen=True)
class DocumentPreprocessing(Preprocessing):
    """Documents to token ids; `max_tokens` counts those of all windows of one.

    Args:
        window, overlap: as in `Windowing`.
    """

    units: ClassVar[str] = "documents"

    window: int = 128
    overlap: int = 0

    @classmethod
    def read(cls, values: Mapping[str, Any], tokenizer: Path) -> Self:
        numbers = {}
        for name, least in (("window", 4), ("overlap", 0)):
            numbers[name] = values.get(name)
            if type(numbers[name]) is not int or numbers[name] < least:
                raise UserError(
                    f"preprocessing.{name}={numbers[name]!r} is not allowed: it takes a whole "
                    f"number of at least {least}."
                )
        return cls(**vars(Preprocessing.read(values, tokenizer)) | numbers)

    @property
    def windowing(self) -> Windowing:
        """How documents become windows."""
        return Windowing(self.window, self.overlap)

    def tokens(self, texts: Sequence[str], length: int | None = None) -> Encoded:
        """The windows of each document in one row; see `kerastc.text.documents`.

        A document with more tokens than the model takes keeps its first windows.
        """
        return self.windowing.encode(self.tokenizer, self.prepared(texts), self.most(length))


class DocumentInput(TextInput):
    """Documents as token ids of their windows, and 1 for tokens, 0 for padding."""

    sample = '"a long text"'

    preprocessing: DocumentPreprocessing

    @classmethod
    def read(cls, settings: Mapping[str, Any], folder: Path | None = None) -> Self:
        return cls(DocumentPreprocessing.read(settings, folder))

    @staticmethod
    def usual_lengths(settings: Mapping[str, Any]) -> tuple[int, ...]:
        """One window, twice as many and so on: most documents have few."""
        window, most = settings["window"], settings["max_tokens"]
        doublings = range((most // window - 1).bit_length())
        return (*(window << power for power in doublings), most)

    def check_length(self, length: int) -> None:
        self.preprocessing.windowing.check(length)

    def first(self, rows: Encoded, length: int) -> Encoded:
        return self.preprocessing.windowing.first(rows, length)

    def padded(self, rows: Encoded, length: int | None) -> dict[str, np.ndarray]:
        return self.preprocessing.windowing.pad(
            self.preprocessing.tokenizer, rows, length, self.segments
        )


INPUT = DocumentInput

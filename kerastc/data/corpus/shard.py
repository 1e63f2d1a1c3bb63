"""A shard of a corpus: its tokens and where its rows begin, mapped into memory."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.data.corpus.layout import OFFSETS, digest, shard_files
from kerastc.errors import UserError

AGAIN = "Copy the corpus again, or build it anew."


class Shard:
    """Rows of tokens on disk; only what is looked at is read.

    Args:
        folder: of the corpus.
        record: what corpus.json says of the shard.
        dtype: of the tokens.

    Raises:
        UserError: a file is missing, or has another size than the record says.
    """

    def __init__(self, folder: Path, record: dict[str, Any], dtype: np.dtype):
        self.name: str = record["name"]
        self.rows: int = record["rows"]
        self.size: int = record["tokens"]
        self._sha256, self._dtype = record["sha256"], dtype
        self._files = shard_files(folder, self.name)
        sizes = self.size * dtype.itemsize, (self.rows + 1) * OFFSETS.itemsize
        for path, expected in zip(self._files, sizes, strict=True):
            try:
                found = path.stat().st_size
            except OSError as error:
                raise UserError(f"{path} cannot be read: {error.strerror}.", AGAIN) from None
            if found != expected:
                raise UserError(
                    f"The shard {path} is damaged: it has {found:,} bytes, not {expected:,}.",
                    AGAIN,
                )

    @cached_property
    def tokens(self) -> np.memmap:
        """The ids of all rows, one row after the other, (tokens,) uint16 or uint32."""
        return np.memmap(self._files[0], self._dtype, "r")

    @cached_property
    def offsets(self) -> np.memmap:
        """Where each row begins in `tokens`, and where the last one ends, (rows + 1,) int64."""
        return np.memmap(self._files[1], OFFSETS, "r")

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, row: int) -> np.ndarray:
        """The ids of a row, (length,)."""
        if not -self.rows <= row < self.rows:
            raise IndexError(row)
        row %= self.rows
        return self.tokens[self.offsets[row] : self.offsets[row + 1]]

    def verify(self) -> None:
        """Compares the files with their SHA-256 in corpus.json.

        Raises:
            UserError: naming the shard, if they are not those that were written.
        """
        found = digest(*self._files)
        if found != self._sha256:
            raise UserError(
                f"The shard {self._files[0]} is damaged: the SHA-256 of its tokens and offsets is "
                f"{found}, not {self._sha256}.",
                AGAIN,
            )

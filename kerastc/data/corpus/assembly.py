"""Shards from pieces: what is left of whole blocks, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.data.corpus.duplicates import Bits, first_rows
from kerastc.data.corpus.piece import Piece
from kerastc.data.corpus.shard_writer import write_shard
from kerastc.files import write_json, writing
from kerastc.forms import COUNT, read_json

PLAN_FORM = {"pieces": [str], "rows": [COUNT], "shards": [(COUNT, COUNT)]}
RECORD_FORM = {"name": str, "tokens": COUNT, "rows": COUNT, "sha256": str}


@dataclass(frozen=True)
class Plan:
    """Which pieces make which shard.

    Args:
        pieces: names of blocks, in order.
        rows: the number of each piece's first row among all, and of all, (pieces + 1).
        shards: first piece of each, and the one after its last.
    """

    pieces: list[str]
    rows: list[int]
    shards: list[tuple[int, int]]

    @classmethod
    def of(cls, pieces: Sequence[Piece], dropped: Bits, shard_tokens: int) -> "Plan":
        """Divides the pieces where a shard reaches `shard_tokens`; no shard is empty."""
        starts, shards, held, first = first_rows(pieces), [], 0, 0
        for number, piece in enumerate(pieces):
            kept = ~dropped.span(starts[number], starts[number + 1])
            held += int(piece.array("lengths")[kept].sum(dtype=np.int64))
            if held >= shard_tokens:
                shards.append((first, number + 1))
                held, first = 0, number + 1
        if held:
            shards.append((first, len(pieces)))
        return cls([piece.name for piece in pieces], starts, shards)

    def write(self, path: Path) -> None:
        """Writes JSON."""
        write_json(path, {"pieces": self.pieces, "rows": self.rows, "shards": self.shards})

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """Reads what `write` wrote."""
        found = read_json(path, PLAN_FORM)
        return cls(found["pieces"], found["rows"], [(a, b) for a, b in found["shards"]])


class Assembler:
    """Writes shards.

    Args:
        corpus: the folder of the corpus.
        pieces: the folder of its pieces.
        records: the folder for what is known of finished shards.
        vocabulary: of the tokenizer.
        languages: how many are told apart.
    """

    def __init__(self, corpus: Path, pieces: Path, records: Path, vocabulary: int, languages: int):
        self._corpus, self._pieces, self._records = corpus, pieces, records
        self._vocabulary, self._languages = vocabulary, languages

    def done(self, number: int) -> bool:
        """Whether a shard is finished."""
        return self._record(number).exists()

    def assemble(self, number: int, names: Sequence[str], dropped: Sequence[np.ndarray]) -> None:
        """Writes a shard and its record, and then removes its pieces.

        Args:
            number: of the shard.
            names: of its pieces.
            dropped: of each piece, whether each row is left out, (rows,) bool.
        """
        pieces = [Piece(self._pieces / f"{name}.npz") for name in names]
        lengths = [piece.array("lengths").astype(np.int64) for piece in pieces]
        kept = [length[~drop] for length, drop in zip(lengths, dropped, strict=True)]
        counts = np.zeros(self._vocabulary, np.int64)
        told = np.zeros(self._languages + 1, np.int64)

        def parts():
            for piece, length, drop in zip(pieces, lengths, dropped, strict=True):
                ids = piece.array("ids")[np.repeat(~drop, length)]
                counts[:] += np.bincount(ids, minlength=self._vocabulary)
                if self._languages:
                    which = piece.array("languages")[~drop]
                    told[:] += np.bincount(which, minlength=len(told))
                yield ids

        record = write_shard(self._corpus, number, parts(), np.concatenate(kept))
        with writing(self._counts(number)) as path, path.open("wb") as file:
            np.save(file, counts, allow_pickle=False)
        write_json(self._record(number), record | {"languages": told.tolist()})
        for piece in pieces:
            piece.path.unlink(missing_ok=True)

    def result(self, number: int) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
        """Of a finished shard its record, the counts of its tokens, and of its languages."""
        record = dict(read_json(self._record(number), RECORD_FORM | {"languages": [COUNT]}))
        told = np.array(record.pop("languages"), np.int64)
        return record, np.load(self._counts(number), allow_pickle=False), told

    def _record(self, number: int) -> Path:
        return self._records / f"{number:05}.json"

    def _counts(self, number: int) -> Path:
        return self._records / f"{number:05}.npy"

"""Writes a corpus: its shards one by one, each whole, and corpus.json last."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.data.corpus.layout import (
    COUNTS,
    FILE,
    FORM,
    OFFSETS,
    TOKENIZER,
    digest,
    dtype_for,
    shard_files,
    shard_name,
    shard_record,
    tokenizer_file,
)
from kerastc.errors import UserError
from kerastc.files import write_json, writing
from kerastc.text.tokenizer import Tokenizer

SHARD_TOKENS = 2**26  # 128 MiB of uint16


def write_shard(
    folder: Path, number: int, parts: Iterable[np.ndarray], lengths: np.ndarray
) -> dict[str, Any]:
    """Writes the two files of a shard.

    Args:
        folder: of the corpus.
        number: of the shard.
        parts: the ids of its rows in pieces of any size, (tokens,) uint16 or uint32 together.
        lengths: tokens of each row, (rows,).

    Returns:
        its record in corpus.json.
    """
    name = shard_name(number)
    tokens_file, offsets_file = shard_files(folder, name)
    offsets = np.zeros(len(lengths) + 1, OFFSETS)
    np.cumsum(lengths, out=offsets[1:])
    found, count = hashlib.sha256(), 0
    with writing(tokens_file) as path, path.open("wb") as file:
        for part in parts:
            content = memoryview(np.ascontiguousarray(part)).cast("B")
            file.write(content)
            found.update(content)
            count += len(part)
    if count != offsets[-1]:
        raise ValueError(f"{count} tokens in rows of {offsets[-1]} tokens")
    found.update(memoryview(offsets).cast("B"))
    with writing(offsets_file) as path:
        offsets.tofile(path)
    return shard_record(name, count, len(lengths), found.hexdigest())


def save_tokenizer(folder: Path, tokenizer: Tokenizer) -> str:
    """Writes tokenizer/tokenizer.json of a corpus; returns its SHA-256."""
    with writing(folder / TOKENIZER) as path:
        tokenizer.save(path)
    return digest(tokenizer_file(folder))


def write_corpus_file(
    folder: Path,
    tokenizer: Tokenizer,
    shards: Sequence[Mapping[str, Any]],
    counts: np.ndarray,
    settings: Mapping[str, Any],
    report: Mapping[str, Any],
) -> None:
    """Finishes a corpus whose shards and tokenizer are written.

    Args:
        folder: of the corpus.
        tokenizer: of its tokens.
        shards: their records.
        counts: of each id, (vocabulary,) int64.
        settings, report: what it was built with, and what came of it, for JSON.
    """
    with writing(folder / COUNTS) as path, path.open("wb") as file:
        np.save(file, counts.astype(np.int64), allow_pickle=False)
    record = {
        "form": FORM,
        "tokens": sum(shard["tokens"] for shard in shards),
        "rows": sum(shard["rows"] for shard in shards),
        "vocabulary": tokenizer.vocabulary_size,
        "dtype": dtype_for(tokenizer.vocabulary_size).name,
        "tokenizer": digest(tokenizer_file(folder)),
        "token_counts": digest(folder / COUNTS),
        "shards": list(shards),
        "settings": dict(settings),
        "report": dict(report),
    }
    write_json(folder / FILE, record)


class ShardWriter:
    """Writes rows of tokens as a corpus; memory holds one shard.

        with ShardWriter(folder, tokenizer) as writer:
            writer.add(tokens_of_a_row)

    The corpus is finished when the block ends without an error; else it has no corpus.json.

    Args:
        folder: a new or empty one.
        tokenizer: of the tokens.
        shard_tokens: a shard ends with the row that reaches so many.

    Raises:
        UserError: the folder is not empty; on leaving, there is no row.
    """

    def __init__(self, folder: Path, tokenizer: Tokenizer, shard_tokens: int = SHARD_TOKENS):
        self._folder, self._tokenizer, self._most = Path(folder), tokenizer, shard_tokens
        if self._folder.exists() and any(self._folder.iterdir()):
            raise UserError(f"{folder} is not empty.", "Name a new folder for the corpus.")
        self._dtype = dtype_for(tokenizer.vocabulary_size)
        self._counts = np.zeros(tokenizer.vocabulary_size, np.int64)
        self._shards: list[dict[str, Any]] = []
        self._rows: list[np.ndarray] = []
        self._held = 0

    def __enter__(self) -> "ShardWriter":
        save_tokenizer(self._folder, self._tokenizer)
        return self

    def add(self, row: Sequence[int] | np.ndarray) -> None:
        """Adds a row.

        Args:
            row: ids of its tokens without special tokens, (length,); not empty.

        Raises:
            ValueError: it is empty, or an id is not in the vocabulary.
        """
        row = np.asarray(row)
        if not len(row) or row.min() < 0 or row.max() >= len(self._counts):
            raise ValueError(f"a row needs ids from 0 to {len(self._counts) - 1}: {row}")
        self._rows.append(row.astype(self._dtype))
        self._held += len(row)
        if self._held >= self._most:
            self._end_shard()

    def __exit__(self, kind: type | None, *_: Any) -> None:
        if kind is not None:
            return
        if self._rows:
            self._end_shard()
        if not self._shards:
            raise UserError(f"No row is left for {self._folder}.")
        write_corpus_file(self._folder, self._tokenizer, self._shards, self._counts, {}, {})

    def _end_shard(self) -> None:
        lengths = np.fromiter(map(len, self._rows), np.int64, len(self._rows))
        number = len(self._shards)
        self._shards.append(write_shard(self._folder, number, self._rows, lengths))
        for row in self._rows:
            self._counts += np.bincount(row, minlength=len(self._counts))
        self._rows, self._held = [], 0

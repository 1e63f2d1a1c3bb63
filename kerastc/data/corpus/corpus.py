"""A finished corpus: rows of tokens in shards, larger than memory."""

import io
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.data.corpus.layout import (
    BUILDING,
    CORPUS_FORM,
    COUNTS,
    FILE,
    SHARDS,
    TOKENIZER,
    digest,
    shard_name,
    tokenizer_file,
)
from kerastc.data.corpus.shard import AGAIN, Shard
from kerastc.errors import UserError
from kerastc.forms import BROKEN, read_json
from kerastc.text.tokenizer import Tokenizer


class Corpus:
    """A folder with corpus.json, a tokenizer and shards; see `Corpus.open`.

    A row is a paragraph or document, without special tokens. `len(corpus)` is the number of rows.

    Args:
        folder: of the corpus.
        record: the content of corpus.json.
    """

    def __init__(self, folder: Path, record: dict[str, Any]):
        self.folder = folder
        self.record = record
        self.tokens: int = record["tokens"]
        self.rows: int = record["rows"]
        self.vocabulary: int = record["vocabulary"]
        self.dtype = np.dtype(record["dtype"]).newbyteorder("<")

    @classmethod
    def open(cls, folder: str | Path) -> "Corpus":
        """Opens a finished corpus; its shards are mapped, not read.

        Raises:
            UserError: there is none, it is unfinished, or its files do not fit corpus.json.
        """
        folder = Path(folder).expanduser()
        path = folder / FILE
        try:
            record = read_json(path, CORPUS_FORM)
        except FileNotFoundError:
            raise _no_corpus(folder) from None
        shards = record["shards"]
        for number, shard in enumerate(shards):
            if shard["name"] != shard_name(number):
                raise UserError(
                    f"{path} cannot be read: shards[{number}].name is {shard['name']!r}, "
                    f"not {shard_name(number)!r}.",
                    AGAIN,
                )
        for key in ("tokens", "rows"):
            if (total := sum(shard[key] for shard in shards)) != record[key]:
                raise UserError(f"{path} says {record[key]:,} {key}, its shards {total:,}.", AGAIN)
        corpus = cls(folder, record)
        _ = corpus.shards  # their sizes are checked
        return corpus

    @cached_property
    def shards(self) -> tuple[Shard, ...]:
        """The shards, in the order of their rows."""
        return tuple(Shard(self.folder, one, self.dtype) for one in self.record["shards"])

    @property
    def tokenizer_sha256(self) -> str:
        """The SHA-256 of tokenizer.json."""
        return self.record["tokenizer"]

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that made the tokens.

        Raises:
            UserError: it is another one than the corpus was built with.
        """
        path = tokenizer_file(self.folder)
        tokenizer = Tokenizer.read(self.folder / TOKENIZER)
        if (found := digest(path)) != self.tokenizer_sha256:
            raise UserError(
                f"{path} is not the tokenizer that {self.folder} was built with: its SHA-256 is "
                f"{found}, not {self.tokenizer_sha256}.",
                AGAIN,
            )
        return tokenizer

    @cached_property
    def token_counts(self) -> np.ndarray:
        """How often each id occurs, (vocabulary,) int64.

        Raises:
            UserError: the file is damaged.
        """
        path = self.folder / COUNTS
        try:
            if digest(path) != self.record["token_counts"]:
                raise ValueError("its SHA-256 is not the one in corpus.json")
            counts = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
            if counts.shape != (self.vocabulary,) or counts.dtype != np.int64:
                raise ValueError(f"{counts.dtype} {counts.shape}")
        except BROKEN as error:
            raise UserError(f"{path} is damaged: {error}.", AGAIN) from None
        return counts

    def verify(self) -> None:
        """Compares all shards with their SHA-256s; raises as `Shard.verify`."""
        for shard in self.shards:
            shard.verify()

    def __len__(self) -> int:
        return self.rows


def _no_corpus(folder: Path) -> UserError:
    if (folder / SHARDS).is_dir() or (folder / BUILDING).is_dir():
        return UserError(
            f"{folder} is an unfinished corpus: it has no {FILE} yet.",
            "Give the command that builds it again: it goes on where it stopped.",
        )
    return UserError(
        f"{folder} is no corpus: it has no {FILE}.",
        "Build one: kerastc corpus build OUT FILES... --tokenizer FOLDER",
    )

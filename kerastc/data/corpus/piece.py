"""A block's tokens on disk, with what is needed to find duplicates, before shards are made."""

import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.data.corpus.blocks import Block, texts_of
from kerastc.data.corpus.languages import Languages
from kerastc.data.corpus.layout import dtype_for
from kerastc.data.corpus.rules import EMPTY, reasons
from kerastc.data.corpus.settings import BuildSettings
from kerastc.data.corpus.sketch import band_keys, row_hashes
from kerastc.errors import UserError
from kerastc.files import writing
from kerastc.npz_files import read_arrays, write_arrays
from kerastc.text.preparation import TextPreparation
from kerastc.text.ragged import Ragged
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.word_cache import WordCache

AT_ONCE = 4096  # texts: bounds the memory of the tokenizer's results
DAMAGED, TOKENLESS = "damaged", "no tokens"
EXACT = "exact"


@dataclass(frozen=True)
class Piece:
    """The file of a block: see `PieceMaker`.

    Args:
        path: of it.
    """

    path: Path

    @property
    def name(self) -> str:
        """The name of the block."""
        return self.path.stem

    @cached_property
    def record(self) -> dict[str, Any]:
        """Counts: rows, tokens, and lines left out by their reasons."""
        return json.loads(self.array("record").tobytes())

    def array(self, name: str) -> np.ndarray:
        """An array of the file: ids, lengths, exact, band00, ..., languages.

        Raises:
            UserError: the file is damaged.
        """
        try:
            return read_arrays(self.path, name)[name]
        except (ValueError, KeyError) as error:
            raise UserError(
                f"{self.path} is damaged ({error}).",
                "Remove the unfinished corpus and build it again.",
            ) from None


class PieceMaker:
    """Turns blocks into files of tokens. The same block gives the same bytes.

    Args:
        folder: of the files.
        tokenizer: of the corpus.
        settings: of the corpus.
    """

    def __init__(self, folder: Path, tokenizer: Tokenizer, settings: BuildSettings):
        self._folder, self._settings = folder, settings
        self._words = WordCache(tokenizer)
        self._dtype = dtype_for(tokenizer.vocabulary_size)
        self._preparation = TextPreparation.of(settings.preparation)
        self._languages = Languages(settings.languages) if settings.languages else None

    def path(self, name: str) -> Path:
        """Where the piece of a block is."""
        return self._folder / f"{name}.npz"

    def make(self, block: Block) -> dict[str, Any]:
        """Writes a block's piece; returns its record.

        Raises:
            UserError: a line cannot be read.
        """
        settings, counted = self._settings, Counter()
        texts: list[str] = []
        for segment in block.segments:
            found, damaged = texts_of(
                segment, settings.column, settings.encoding, settings.skip_damaged
            )
            texts += found
            counted[DAMAGED] += damaged
        documents = len(texts) + counted[DAMAGED]
        why = reasons(texts, settings.rules)
        for number, name in enumerate((EMPTY, *settings.rules), 1):
            counted[name] += int((why == number).sum())
        texts = [text for text, reason in zip(texts, why.tolist(), strict=True) if not reason]
        tokens = self._tokens(texts)
        there = tokens.lengths > 0
        if not there.all():
            counted[TOKENLESS] += int((~there).sum())
            texts = [text for text, kept in zip(texts, there.tolist(), strict=True) if kept]
            tokens = Ragged(tokens.values, tokens.lengths[there])
        record = {
            "rows": len(tokens),
            "tokens": len(tokens.values),
            "documents": documents,
            "bytes": block.bytes,
            "left_out": {name: count for name, count in counted.items() if count},
        }
        arrays = {
            "record": np.frombuffer(json.dumps(record).encode(), np.uint8),
            "ids": tokens.values.astype(self._dtype),
            "lengths": tokens.lengths.astype(np.uint32),
        }
        if settings.duplicates != "keep":
            arrays[EXACT] = row_hashes(tokens)
        if settings.bands:
            keys = band_keys(tokens, settings.bands)
            arrays |= {band_name(number): key for number, key in enumerate(keys)}
        if self._languages:
            arrays["languages"] = self._languages.of(texts)
        with writing(self.path(block.name)) as path:
            write_arrays(path, arrays.items())
        return record

    def _tokens(self, texts: list[str]) -> Ragged:
        found = [Ragged(np.zeros(0, np.int32), np.zeros(0, np.int64))]
        for start in range(0, len(texts), AT_ONCE):
            some = texts[start : start + AT_ONCE]
            if self._preparation.changes:
                some = self._preparation.apply(some).tolist()
            found.append(self._words.encode(some))
        return Ragged.joined(found)


def band_name(number: int) -> str:
    """The name of a band's keys in a piece."""
    return f"band{number:02}"

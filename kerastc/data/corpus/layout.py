"""Where the files of a corpus are, and what corpus.json says of them."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.forms import COUNT
from kerastc.text.tokenizer import FILE as TOKENIZER_FILE

FILE = "corpus.json"
FORM = 1  # of corpus.json and the files beside it
TOKENIZER = "tokenizer"
SHARDS = "shards"
BUILDING = "building"  # what an unfinished corpus has beside its shards
COUNTS = "token_counts.npy"
DTYPES = ("uint16", "uint32")
OFFSETS = np.dtype("<i8")

CORPUS_FORM = {
    "form": range(FORM, FORM + 1),
    "tokens": COUNT,
    "rows": COUNT,
    "vocabulary": range(1, 2**32),
    "dtype": set(DTYPES),
    "tokenizer": str,  # SHA-256 of tokenizer.json
    "token_counts": str,  # SHA-256 of the file
    "shards": [{"name": str, "tokens": COUNT, "rows": COUNT, "sha256": str}],
    "settings": {str: object},
    "report": {str: object},
}


def dtype_for(vocabulary: int) -> np.dtype:
    """The smallest type of a token's id, little-endian.

    Args:
        vocabulary: one more than the largest id.
    """
    return np.dtype("<u2" if vocabulary <= 2**16 else "<u4")


def shard_name(number: int) -> str:
    """The name of a shard, by its place among the others."""
    return f"{number:05}"


def shard_files(folder: Path, name: str) -> tuple[Path, Path]:
    """The tokens and the offsets of a shard.

    Args:
        folder: of the corpus.
        name: of the shard.
    """
    return folder / SHARDS / f"{name}.tokens", folder / SHARDS / f"{name}.offsets"


def tokenizer_file(folder: Path) -> Path:
    """The tokenizer.json of a corpus."""
    return folder / TOKENIZER / TOKENIZER_FILE


def digest(*paths: Path) -> str:
    """The SHA-256 of files, one after the other."""
    found = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while piece := file.read(2**20):
                found.update(piece)
    return found.hexdigest()


def shard_record(name: str, tokens: int, rows: int, sha256: str) -> dict[str, Any]:
    """What corpus.json says of a shard."""
    return {"name": name, "tokens": tokens, "rows": rows, "sha256": sha256}

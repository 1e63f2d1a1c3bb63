"""Sentences in which two words of sailing are an entity, and one of chess; runs on them."""

from pathlib import Path

import numpy as np
from subjects import SUBJECTS

from kerastc.folders import Folders


def write_sentences(path: Path, count: int = 80) -> Path:
    """So many sentences of seven words, each a token of the tiny encoder, in columns."""
    random = np.random.default_rng(0)
    cooking, sailing, chess = (words.split() for words in SUBJECTS.values())
    lines = ["-DOCSTART- O", ""]
    for _ in range(count):
        parts = [[f"{random.choice(cooking)} O"] for _ in range(4)]
        ship = (random.choice(sailing[:5]), random.choice(sailing[5:]))
        parts.append([f"{ship[0]} B-SHIP", f"{ship[1]} I-SHIP"])
        parts.append([f"{random.choice(chess)} B-GAME"])
        lines += [line for place in random.permutation(6) for line in parts[place]] + [""]
    path.write_text("\n".join(lines))
    return path


def folders_in(folder: Path) -> Folders:
    return Folders(*(folder / name for name in ("runs", "cache", "state")))

"""Features of a frozen encoder, computed once and kept on disk for every later epoch and run.

The last bit of a feature depends on the shape of the batch in which it was computed, but not on the
other rows of that batch. So every batch has `ROWS` rows and one of a few lengths, which the text's
own length decides: a text has the same features whatever else is computed or already known.
On a CPU with TensorFlow this takes 5 to 18 % more padding than lengths fitted to the data and
batches of 32 (300 to 7,143 headlines and docstrings), and MiniLM reads as many texts a second.
PyTorch is slower in batches of 8: 128 texts of 16 tokens a second against 197 in batches of 32.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from kerastc.files import writing
from kerastc.progress import progress
from kerastc.training.arrays import read_arrays
from kerastc.training.predicting import predict_batch

ROWS = 8  # texts a batch; what is missing in the last is filled up with its own texts
# JAX compiles a step for each length.
LENGTHS = {
    "jax": (16, 32, 48, 64, 96, 128, 192, 256, 384, 512),
    "tensorflow": (
        *range(4, 32, 4),
        *range(32, 128, 8),
        *range(128, 256, 16),
        *range(256, 513, 32),
    ),
}
LENGTHS["torch"] = LENGTHS["tensorflow"]
BATCHES_PER_SHARD = 64  # so that a killed process loses a few seconds of work


class FeatureCache:
    """A folder of features for one encoder: a row a text, found by the hash of its tokens.

    Shards are `.npz` files that appear whole, so that several processes may share the folder; a
    broken or foreign one is ignored and its texts are computed again.

    Args:
        folder: the cache's root.
        key: names everything but the tokens that the features depend on: weights, pooling,
            precision, backend.
    """

    def __init__(self, folder: Path, key: Sequence[str]):
        self.lengths = LENGTHS[keras.backend.backend()]
        shapes = ",".join(map(str, (ROWS, *self.lengths)))
        name = _digest("\0".join([*key, shapes]).encode()).hex()
        self.folder = Path(folder) / "features" / name

    def features(self, model: keras.Model, tokens, pad, longest: int) -> np.ndarray:
        """The model's features of every text, (n, width) float32.

        Args:
            model: maps padded inputs to (batch, width) features.
            tokens: n int arrays without padding.
            pad: turns a list of them and a length into the model's inputs.
            longest: the most tokens that the model reads.
        """
        names = [_digest(np.asarray(ids, dtype="<i4").tobytes()) for ids in tokens]
        known = self._read(set(names))
        missing = list({name: row for row, name in enumerate(names) if name not in known}.values())
        if missing:
            known |= self._compute(model, tokens, names, np.array(missing), pad, longest)
        return np.stack([known[name] for name in names])

    def _compute(self, model, tokens, names, missing, pad, longest) -> dict[bytes, np.ndarray]:
        batches = self._batches(np.array([len(tokens[row]) for row in missing]), longest)
        known: dict[bytes, np.ndarray] = {}
        shard: dict[bytes, np.ndarray] = {}
        with progress("Encoding texts", total=len(missing)) as advance:
            for number, (chosen, length) in enumerate(batches, 1):
                rows = missing[chosen]
                inputs = pad([tokens[row] for row in np.resize(rows, ROWS)], length)
                output = predict_batch(model, inputs, open_axes=2)
                shard |= {names[row]: output[i] for i, row in enumerate(rows)}
                advance(len(rows))
                if number % BATCHES_PER_SHARD == 0 or number == len(batches):
                    self._write(shard)
                    known |= shard
                    shard = {}
        return known

    def _batches(self, lengths: np.ndarray, longest: int) -> list[tuple[np.ndarray, int]]:
        """Up to `ROWS` indices each of texts of (n,) `lengths`, and the length to pad them to."""
        steps = np.array([*(step for step in self.lengths if step < longest), longest])
        padded = steps[np.searchsorted(steps, lengths)]
        found = []
        for length in np.unique(padded):
            rows = np.flatnonzero(padded == length)
            found += [(part, int(length)) for part in np.split(rows, range(ROWS, len(rows), ROWS))]
        return found

    def _read(self, wanted: set[bytes]) -> dict[bytes, np.ndarray]:
        known: dict[bytes, np.ndarray] = {}
        for path in sorted(self.folder.glob("*.npz")):
            try:
                names = [name.tobytes() for name in read_arrays(path, "names")["names"]]
                if wanted.isdisjoint(names):
                    continue
                features = read_arrays(path, "features")["features"]
                rows = list(zip(names, features, strict=True))
            except (ValueError, KeyError, TypeError):
                continue
            if features.ndim < 2 or features.dtype.kind != "f" or not np.isfinite(features).all():
                continue
            known |= {name: value for name, value in rows if name in wanted}
        return known

    def _write(self, shard: dict[bytes, np.ndarray]) -> None:
        names = np.frombuffer(b"".join(shard), dtype=np.uint8).reshape(len(shard), -1)
        target = self.folder / f"{_digest(names.tobytes()).hex()}.npz"
        with writing(target) as temporary:
            np.savez(temporary, names=names, features=np.stack(list(shard.values())))


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:16]

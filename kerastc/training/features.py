"""Features of a frozen encoder, computed once and kept on disk for every later epoch and run."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from kerastc.files import writing
from kerastc.progress import progress
from kerastc.training.arrays import read_arrays
from kerastc.training.batching import TextBatches
from kerastc.training.predicting import predict_batch

BATCHES_PER_SHARD = 16  # so that a killed process loses a few seconds of work


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
        self.folder = Path(folder) / "features" / _digest("\0".join(key).encode()).hex()

    def features(self, model: keras.Model, tokens, pad, batch_size: int = 32) -> np.ndarray:
        """The model's features of every text, (n, width) float32.

        Args:
            model: maps padded inputs to (batch, width) features.
            tokens: n int arrays without padding.
            pad: as `TextBatches` takes it.
            batch_size: texts a batch.
        """
        names = [_digest(np.asarray(ids, dtype="<i4").tobytes()) for ids in tokens]
        known = self._read(set(names))
        missing = list({name: row for row, name in enumerate(names) if name not in known}.values())
        if missing:
            known |= self._compute(model, tokens, names, missing, pad, batch_size)
        return np.stack([known[name] for name in names])

    def _compute(self, model, tokens, names, missing, pad, batch_size) -> dict[bytes, np.ndarray]:
        # The lengths come from all texts, so that a killed and repeated computation pads alike.
        batches = TextBatches(
            tokens, pad, np.zeros((len(tokens), 0), "float32"), batch_size, rows=missing
        )
        known: dict[bytes, np.ndarray] = {}
        shard: dict[bytes, np.ndarray] = {}
        with progress("Encoding texts", total=len(missing)) as advance:
            for index, rows in enumerate(batches.batches):
                output = predict_batch(model, batches[index][0], batches.open_axes)
                shard |= {names[row]: output[i] for i, row in enumerate(rows)}
                advance(len(rows))
                if (index + 1) % BATCHES_PER_SHARD == 0 or index + 1 == len(batches.batches):
                    self._write(shard)
                    known |= shard
                    shard = {}
        return known

    def _read(self, wanted: set[bytes]) -> dict[bytes, np.ndarray]:
        known: dict[bytes, np.ndarray] = {}
        for path in sorted(self.folder.glob("*.npz")):
            try:
                shard = read_arrays(path)
                names, features = shard["names"], shard["features"]
                rows = list(zip(names, features, strict=True))
            except (ValueError, KeyError, TypeError):
                continue
            if features.ndim < 2 or features.dtype.kind != "f" or not np.isfinite(features).all():
                continue
            for name, value in rows:
                if name.tobytes() in wanted:
                    known[name.tobytes()] = value
        return known

    def _write(self, shard: dict[bytes, np.ndarray]) -> None:
        names = np.frombuffer(b"".join(shard), dtype=np.uint8).reshape(len(shard), -1)
        target = self.folder / f"{_digest(names.tobytes()).hex()}.npz"
        with writing(target) as temporary:
            np.savez(temporary, names=names, features=np.stack(list(shard.values())))


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:16]

"""Features of examples on disk, found by the hash of what a frozen network saw."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerastc.files import writing
from kerastc.npz_files import is_finite_of, read_arrays

BATCHES_PER_SHARD = 32  # so that a killed process loses a few seconds of work


class FeatureShards:
    """A folder of features for one network.

    Shards are `.npz` files written atomically, so that several processes may share the folder; a
    broken or foreign one is ignored and its examples are computed again.

    Args:
        folder: the cache's root.
        key: names everything that the features depend on besides the examples.
    """

    def __init__(self, folder: Path, key: Sequence[str]):
        self.folder = Path(folder) / "features" / digest("\0".join(key).encode()).hex()

    def read(self, wanted: set[bytes], shape: tuple[int, ...]) -> dict[bytes, np.ndarray]:
        """The features that are there.

        Args:
            wanted: names of examples.
            shape: of the features of one.
        """
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
            if not is_finite_of(features, (None, *shape)):
                continue
            known |= {name: value for name, value in rows if name in wanted}
        return known

    def write(self, shard: dict[bytes, np.ndarray]) -> None:
        """Writes features by the names of their examples."""
        names = np.frombuffer(b"".join(shard), dtype=np.uint8).reshape(len(shard), -1)
        target = self.folder / f"{digest(names.tobytes()).hex()}.npz"
        with writing(target) as temporary:
            np.savez(temporary, names=names, features=np.stack(list(shard.values())))


def digest(data: bytes) -> bytes:
    """A name of 16 bytes."""
    return hashlib.sha256(data).digest()[:16]

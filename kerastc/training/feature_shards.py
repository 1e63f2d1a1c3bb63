"""Features of examples on disk, found by the hash of what a frozen network saw."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from kerastc.files import writing
from kerastc.npz_files import is_finite_of, read_arrays
from kerastc.progress import progress

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

    def complete(
        self,
        names: Sequence[bytes],
        shape: tuple[int, ...],
        computed: Callable[[np.ndarray], Iterable[tuple[np.ndarray, np.ndarray]]],
        what: str,
    ) -> np.ndarray:
        """The features of n examples, (n, *shape); those that are not there are computed and kept.

        Args:
            names: of the examples, n; equal examples are computed once.
            shape: of the features of one.
            computed: turns rows of examples, (missing,) int, into batches of them: the rows of
                each, and features, of which it may have more than rows.
            what: the examples, for the progress bar: "texts".
        """
        known = self.read(set(names), shape)
        missing = list({name: row for row, name in enumerate(names) if name not in known}.values())
        shard: dict[bytes, np.ndarray] = {}
        if missing:
            with progress(f"Encoding {what}", total=len(missing)) as advance:
                for number, (rows, features) in enumerate(computed(np.array(missing)), 1):
                    shard |= {names[row]: features[i] for i, row in enumerate(rows)}
                    advance(len(rows))
                    if number % BATCHES_PER_SHARD == 0:
                        self.write(shard)
                        known |= shard
                        shard = {}
        if shard:
            self.write(shard)
        known |= shard
        return np.stack([known[name] for name in names])

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

"""Features of images from a frozen network, computed once and kept on disk.

The last bit of a feature depends on the rows of its batch, so that every batch has as many: an
image has the same features whatever else is computed or already cached.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from kerastc.data.images.stored import Images, StoredImages
from kerastc.progress import progress
from kerastc.training.feature_shards import BATCHES_PER_SHARD, FeatureShards
from kerastc.training.predicting import predict_batch

ROWS = 32  # of every batch; the last one is filled up with its own images
NAME = 16  # bytes of an image's SHA-256


class ImageFeatures(FeatureShards):
    """A folder of features for one network: a row per image, found by the hash of its pixels.

    Args:
        folder: the cache's root.
        key: names everything that the features depend on besides pixels: weights, precision,
            backend.
    """

    def __init__(self, folder: Path, key: Sequence[str]):
        super().__init__(folder, [*key, f"images,{ROWS}"])

    def features(self, model: keras.Model, images: Images) -> np.ndarray:
        """The model's features of every image, (n, width) float32; those known are not decoded.

        Args:
            model: maps images to (batch, width) features.
            images: (n, height, width, channels) uint8.
        """
        names = names_of(images)
        known = self.read(set(names), tuple(model.output_shape[1:]))
        missing = list({name: row for row, name in enumerate(names) if name not in known}.values())
        if missing:
            known |= self._compute(model, images, names, np.array(missing))
        return np.stack([known[name] for name in names])

    def _compute(
        self, model: keras.Model, images: Images, names: Sequence[bytes], missing: np.ndarray
    ) -> dict[bytes, np.ndarray]:
        batches = np.split(missing, range(ROWS, len(missing), ROWS))
        known: dict[bytes, np.ndarray] = {}
        shard: dict[bytes, np.ndarray] = {}
        with progress("Encoding images", total=len(missing)) as advance:
            for number, rows in enumerate(batches, 1):
                pixels = images[rows].astype("float32")
                output = predict_batch(model, pixels[np.arange(ROWS) % len(rows)])
                shard |= {names[row]: output[i] for i, row in enumerate(rows)}
                advance(len(rows))
                if number % BATCHES_PER_SHARD == 0 or number == len(batches):
                    self.write(shard)
                    known |= shard
                    shard = {}
        return known


def names_of(images: Images) -> list[bytes]:
    """A name for each image, the same for equal ones."""
    if isinstance(images, StoredImages):
        return [name[:NAME] for name in images.looks.digests]
    return [hashlib.sha256(np.ascontiguousarray(image)).digest()[:NAME] for image in images]


def weights_digest(model: keras.Model) -> str:
    """SHA-256 over a model's weights and the names of their layers, in their order."""
    found = hashlib.sha256()
    for layer in model.layers:
        found.update(layer.name.encode())
        for weight in layer.get_weights():
            found.update(np.ascontiguousarray(weight).view(np.uint8))
    return found.hexdigest()

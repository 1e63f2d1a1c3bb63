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
from kerastc.training.feature_shards import FeatureShards, digest
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

        def computed(missing: np.ndarray):
            for rows in np.split(missing, range(ROWS, len(missing), ROWS)):
                pixels = images[rows].astype("float32")
                yield rows, predict_batch(model, pixels[np.arange(ROWS) % len(rows)])

        shape = tuple(model.output_shape[1:])
        return self.complete(names_of(images), shape, computed, "images")


def names_of(images: Images) -> list[bytes]:
    """A name for each image, the same for equal ones."""
    if isinstance(images, StoredImages):
        return [name[:NAME] for name in images.looks.digests]
    return [digest(np.ascontiguousarray(image)) for image in images]


def weights_digest(model: keras.Model) -> str:
    """SHA-256 over a model's weights and the names of their layers, in their order."""
    found = hashlib.sha256()
    for layer in model.layers:
        found.update(layer.name.encode())
        for weight in layer.get_weights():
            found.update(np.ascontiguousarray(weight).view(np.uint8))
    return found.hexdigest()

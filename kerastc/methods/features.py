"""The images that an encoder learns from without labels, and its features."""

import keras
import numpy as np

from kerastc.data import Splits
from kerastc.inputs.image.batches import JUDGING, unlabelled_batches
from kerastc.training.predicting import predict

SETTLING = 30  # batches for the statistics of norms


def features_of(encoder: keras.Model, images: np.ndarray) -> np.ndarray:
    """Pooled features, (n, width) float32, of (n, height, width, channels) uint8 images."""
    return predict(encoder, unlabelled_batches(images, JUDGING), "Encoding")


def settle_norms(model: keras.Model, images: np.ndarray, seed: int = 0) -> None:
    """Gives batch norms the statistics of unaugmented images.

    Wu and Johnson 2021, Rethinking "Batch" in BatchNorm, section 3: the plain mean of the
    statistics of some batches in place of the training's moving average.

    Args:
        model: of images; no other weight is changed.
        images: (n, height, width, channels) uint8, of which up to 7,680 are drawn.
        seed: of the draw.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    usual = [norm.momentum for norm in norms]
    rows = np.random.default_rng(seed).permutation(len(images))[: SETTLING * JUDGING]
    for number, part in enumerate(np.array_split(rows, -(-len(rows) // JUDGING))):
        for norm in norms:
            norm.momentum = 1 - 1 / (number + 1)
        model(images[part].astype("float32"), training=True)
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum


def training_images(splits: Splits) -> np.ndarray:
    """The images of the labelled and the unlabelled part, (n, height, width, channels) uint8."""
    return np.concatenate([splits.train.examples, splits.unlabelled.examples])

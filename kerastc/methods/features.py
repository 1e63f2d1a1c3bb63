"""What an encoder learns from without labels, and what it makes of it."""

import keras
import numpy as np

from kerastc.data import ImageSplits
from kerastc.training.image_batches import unlabelled_batches
from kerastc.training.images import JUDGING
from kerastc.training.predicting import predict


def features_of(encoder: keras.Model, images: np.ndarray) -> np.ndarray:
    """Pooled features, (n, width) float32, of (n, height, width, channels) uint8 images."""
    return predict(encoder, unlabelled_batches(images, JUDGING), "Encoding")


def training_images(splits: ImageSplits) -> np.ndarray:
    """The images of the labelled and the unlabelled part, (n, height, width, channels) uint8."""
    return np.concatenate([splits.train.images, splits.unlabelled.images])

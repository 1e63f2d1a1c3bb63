"""Progressive resizing: training begins with small images, and they grow.

Small images teach the same kernels for a fraction of the work (Howard 2018, in fast.ai's entry to
DAWNBench; Tan and Le 2021, EfficientNetV2, section 4). A network that ends in global pooling
accepts every size.
"""

import keras
import numpy as np

from kerastc.images.resizing import shrunk
from kerastc.models.image_classifier import SMALLEST
from kerastc.training.batching import Around
from kerastc.training.image_config import ImageClassifierConfig

GROWN = 0.75  # share of the epochs after which images have their full size
MULTIPLE = 4  # pixels that a side grows by


def growing(batches: keras.utils.PyDataset, config: ImageClassifierConfig):
    """The batches of images for a config: `Growing`, or unchanged."""
    small = config.first_side < 1
    return Growing(batches, config.epochs, config.first_side) if small else batches


class Growing(Around):
    """Batches whose images are smaller in the first epochs.

    Args:
        batches: of images, (rows, height, width, channels) float32; all in a batch are resized.
        epochs: of the training.
        first: side in the first epoch, as a share of the full one; see `side_of`.

    Attributes:
        open_axes, open_target_axes: as in `Batches`: an image's height and width vary, too.
    """

    def __init__(self, batches: keras.utils.PyDataset, epochs: int, first: float):
        super().__init__(batches)
        self.open_axes, self.open_target_axes = 3, 1
        self.epochs = epochs
        self.first = first

    def __getitem__(self, index: int):
        inputs, *rest = self.batches[index]
        return (keras.tree.map_structure(self._resized, inputs), *rest)

    def _resized(self, array: np.ndarray) -> np.ndarray:
        if array.ndim != 4:
            return array
        sides = (side_of(side, self.epoch, self.epochs, self.first) for side in array.shape[1:3])
        return shrunk(array, *sides)


def side_of(full: int, epoch: int, epochs: int, first: float) -> int:
    """The side in pixels of an epoch's images: it grows evenly, in steps of four pixels.

    Args:
        full: the side of the images.
        epoch: from 0.
        epochs: of the training; in the last quarter images have their full size.
        first: share of the side to begin with; sides too small for a network are left out.
    """
    share = first + (1 - first) * min(epoch / (GROWN * epochs), 1.0)
    return min(full, max(SMALLEST, MULTIPLE * round(share * full / MULTIPLE)))

"""Batches of images: augmented differently in each epoch, by draws that any process repeats."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.images import Mixture, mixed_targets
from kerastc.inputs.image.encode import ImageInput
from kerastc.tasks import TASKS
from kerastc.training.batching import Batches

if TYPE_CHECKING:
    from kerastc.data.images.images import LabelledImages
    from kerastc.data.images.stored import Images
    from kerastc.training.image_config import ImageTrainingConfig

JUDGING, JUDGING_LARGE = 256, 32  # images per batch if nothing is trained
LARGE = 128 * 128  # pixels above which an image is large
Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class ImageBatches(Batches):
    """Batches of images as float32 pixels from 0 to 255.

    Args:
        images: (n, height, width, channels) uint8; those in files are decoded batch by batch.
        targets: (n, 1) int, or (n, 1, classes) float32 probabilities.
        batch_size, weights, seed, rows: as in `Batches`.
        augment: maps uint8 images and a generator to as many uint8 images; None leaves them.
        mixture: applied to a batch as a whole; None leaves it.
    """

    def __init__(
        self,
        images,
        targets,
        batch_size,
        weights=None,
        seed=None,
        rows=None,
        augment: Augment | None = None,
        mixture: Mixture | None = None,
    ):
        self.augment = augment
        self.mixture = mixture
        super().__init__(images, targets, batch_size, weights, seed, rows)

    def __getitem__(self, index: int):
        rows = self.batches[index]
        images, targets = self.inputs[rows], self.targets[rows]
        weights = None if self.weights is None else self.weights[rows]
        random = self.random(index)
        if self.augment:
            images = self.augment(images, random)
        images = images.astype("float32")
        if self.mixture:
            images, partners, share = self.mixture(images, random)
            targets = mixed_targets(targets, partners, share)
            if weights is not None:
                weights = share * weights + (1 - share) * weights[partners]
        return (images, targets) if weights is None else (images, targets, weights)

    def random(self, index: int) -> np.random.Generator:
        """The generator for batch `index` of this epoch; the same in every process."""
        return np.random.default_rng([self.seed or 0, self.epoch, index])


def training_batches(
    images: "LabelledImages", config: "ImageTrainingConfig", weights: np.ndarray | None = None
) -> ImageBatches:
    """Shuffled, augmented batches of labelled images.

    Args:
        images: of the training part.
        config: hyperparameters.
        weights: (n,) float32, of each image's loss; by default those of `config.class_weights`.
    """
    head = TASKS[config.task].output_part("head")
    if weights is None:
        weights = head.class_weights(images.labels, len(images.classes), config.class_weights)
    times = -(-config.least_images // len(images))
    return ImageBatches(
        images.examples,
        head.targets_of(images.labels),
        config.batch_size,
        weights,
        config.seed,
        rows=np.tile(np.arange(len(images)), times),
        augment=config.policy(images.examples),
        mixture=config.mixture,
    )


def judged(images: "LabelledImages", config: "ImageTrainingConfig") -> ImageBatches:
    """Labelled images as they are, in their order."""
    head = TASKS[config.task].output_part("head")
    examples = images.examples
    return ImageBatches(examples, head.targets_of(images.labels), judging(examples))


def judging(images: "Images") -> int:
    """How many of these images make a batch if nothing is trained."""
    height, width = images.shape[1:3]
    return JUDGING if height * width <= LARGE else JUDGING_LARGE


def unlabelled_batches(
    images: np.ndarray,
    batch_size: int,
    seed: int | None = None,
    augment: Augment | None = None,
    least: int = 1,
) -> ImageBatches:
    """Batches of images with empty targets, (batch, 0).

    Args:
        images: (n, height, width, channels) uint8.
        batch_size: of the batches.
        seed: for order and augmentation; None keeps the images as they are.
        augment: applied to them.
        least: images per epoch; fewer are used several times.
    """
    rows = np.tile(np.arange(len(images)), -(-least // len(images)))
    none = np.zeros((len(images), 0), "float32")
    return ImageBatches(images, none, batch_size, seed=seed, rows=rows, augment=augment)


class Beside(keras.utils.PyDataset):
    """Batches of labelled images, each accompanied by unlabelled ones.

    An epoch uses those with more batches once; the others are repeated as often as needed, in a
    different order each time.

    Args:
        labelled: batches for training.
        unlabelled: (m, height, width, channels) uint8.
        ratio: unlabelled images per labelled one.
        views: by name of an input, how its images are made from the unlabelled ones.

    Attributes:
        open_axes, open_target_axes: as in `Batches`.

    Raises:
        UserError: there are no unlabelled images.
    """

    open_axes = 1
    open_target_axes = 1

    def __init__(
        self,
        labelled: ImageBatches,
        unlabelled: np.ndarray,
        ratio: int,
        views: dict[str, Augment],
    ):
        super().__init__()
        if not len(unlabelled):
            raise UserError(
                "This method learns from unlabelled images, and there are none.",
                "Leave unlabelled=0 out, or ask for fewer labelled ones.",
            )
        self.labelled = labelled
        self.unlabelled = unlabelled
        self.size = labelled.batch_size * ratio
        self.views = views
        self.targets = labelled.targets
        self.begin_epoch(0)

    def begin_epoch(self, epoch: int) -> None:
        """Orders the rows for an epoch; the same epoch gets the same order in every process."""
        self.epoch = epoch
        random = np.random.default_rng([self.labelled.seed, epoch, 1])
        rows = len(self.unlabelled)
        wanted = max(rows, len(self.labelled) * self.size)
        orders = [random.permutation(rows) for _ in range(-(-wanted // rows))]
        self.order = np.concatenate(orders)[:wanted]

    def __len__(self) -> int:
        return max(-(-len(self.unlabelled) // self.size), len(self.labelled))

    def __getitem__(self, index: int):
        turn, place = divmod(self.epoch * len(self) + index, len(self.labelled))
        if turn != self.labelled.epoch:
            self.labelled.begin_epoch(turn)
        images, *rest = self.labelled[place]
        rows = self.order[index * self.size : (index + 1) * self.size]
        inputs = {"images": images}
        for number, (name, view) in enumerate(self.views.items()):
            random = np.random.default_rng([self.labelled.seed, self.epoch, index, number])
            inputs[name] = view(self.unlabelled[rows], random).astype("float32")
        return (inputs, *rest)


def batches(input: ImageInput, rows: np.ndarray, size: int) -> ImageBatches:
    """Pixels without targets, `size` per batch, in their order."""
    return ImageBatches(rows, np.zeros((len(rows), 0), "float32"), size)

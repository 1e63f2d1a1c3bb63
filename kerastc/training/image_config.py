"""The fields that every recipe of images shares."""

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from kerastc.images import STANDARD, Augmentation, Mixture
from kerastc.training.config import (
    Count,
    EarlyStopping,
    Fraction,
    Natural,
    Positive,
    Share,
    TrainingConfig,
)

Weight = Annotated[float, Field(ge=0)]


class ImageTrainingConfig(TrainingConfig):
    """How a network of images is trained, whichever it is."""

    task: ClassVar[str] = "image-classification"  # a name in `kerastc.tasks.TASKS`

    dropout: Share = 0.2  # before the last layer
    augmentation: Augmentation = STANDARD  # of training images
    mirror: bool | None = None  # mirror images keep their class; none: true for colour images
    mixup: Weight = 0.0  # alpha of the blend of two images; 0: none
    cutmix: Fraction = 0.0  # share of batches in which one is pasted into the other instead
    average: Share = 0.0  # of old weights in their moving average, which is kept; 0: none
    first_side: Annotated[float, Field(gt=0, le=1)] = 1.0  # share of the side to begin with; grows
    least_images: Count = 2000  # per epoch; fewer are used several times
    mirror_test: bool = False  # test on image and mirror image, too; reported separately

    epochs: Count = 40  # at most
    batch_size: Count = 128  # images
    learning_rate: Positive = 4e-3  # the peak
    schedule: Literal["constant", "linear", "cosine"] = "cosine"  # linear and cosine end at zero
    warmup_fraction: Fraction = 0.05  # of all updates; linear rise from zero
    weight_decay: Weight = 0.05  # decoupled; none on norms and biases
    label_smoothing: Share = 0.05  # share spread over all classes
    early_stopping: EarlyStopping = EarlyStopping(metric="val_accuracy", patience=0)

    def policy(self, images: np.ndarray, augmentation: Augmentation | None = None) -> Augmentation:
        """The augmentation for such images, (n, height, width, channels), mirrored if suitable."""
        given = augmentation or self.augmentation
        return given.model_copy(update={"flip": given.flip and self.mirrored(images)})

    @property
    def grown(self) -> Self:
        """The same for weights trained on large images: small ones would make them forget."""
        return self.model_copy(update={"first_side": 1.0})

    @property
    def mixture(self) -> Mixture:
        """The augmentation of whole batches."""
        return Mixture(self.mixup, self.cutmix)

    def mirrored(self, images: np.ndarray) -> bool:
        """Whether mirror images count as the same; for grey signs and digits they do not."""
        return images.shape[-1] == 3 if self.mirror is None else self.mirror


class ImageClassifierConfig(ImageTrainingConfig):
    """A convolutional network from random weights."""

    architecture: Literal["residual", "cnn", "wide"] = "residual"  # cnn is the study's
    width: Annotated[float, Field(gt=0, le=32)] = 1.0  # factor of the number of filters
    depth: Natural = 0  # blocks per stage, for the CNN convolutions per block; 0: the default
    l2: Weight = 0.0  # penalty of the kernels in the loss

"""The settings of the methods. Nothing here imports Keras: settings are read before it loads."""

from typing import Annotated, Literal

import numpy as np
import pydantic
from pydantic import Field

from kerastc.images import CONTRASTIVE, STRONG, WEAK, Augmentation
from kerastc.settings import Config
from kerastc.training.config import Count, Natural, Positive, Share
from kerastc.training.image_config import ImageClassifierConfig, Weight


class SelfTrainingConfig(ImageClassifierConfig):
    """A supervised training, then rounds with pseudo-labels."""

    threshold: Share = 0.85  # the least probability of a pseudo-label
    teachers: Count = 1  # first trainings, each from its own weights; their mean labels
    committee: bool = False  # the models of all rounds so far label together, not just the last
    neighbours: Natural = 0  # similar images, whose labels a pseudo-label is drawn to; 0: none
    rounds: Count = 4  # of labelling and training
    round_epochs: Count = 10  # of a round's training, over labelled and chosen images
    round_rate: Positive | None = None  # the peak in a round; none: learning_rate
    labelled_weight: Positive = 2.0  # of a labelled image in the loss
    weighting: Literal["certainty", "none"] = "certainty"  # of a chosen image: its probability | 1
    targets: Literal["hard", "soft"] = "hard"  # the pseudo-label | all probabilities
    balanced: bool = False  # no class has more chosen images than the labelled ones' mean share
    start: Literal["new", "last"] = "new"  # weights at the beginning of a round


class FixMatchConfig(ImageClassifierConfig):
    """Labelled and unlabelled images together in each step."""

    threshold: Share = 0.8  # the least probability of a label, for the classes learned best
    flexible: bool = True  # lower for classes that are learned less
    ratio: Count = 3  # unlabelled images for each labelled one in a batch
    consistency: Weight = 1.0  # weight of the unlabelled images in the loss
    weak: Augmentation = WEAK  # of unlabelled images, for their labels
    strong: Augmentation = STRONG  # of unlabelled images, to learn from
    supervised_epochs: Natural = 10  # on labelled images alone, before; images grow only there
    supervised_rate: Positive | None = None  # the peak then; none: learning_rate

    average: Annotated[float, Field(gt=0, lt=1)] = 0.99  # of old weights in the moving average
    batch_size: Count = 64  # labelled images
    epochs: Count = 10  # over the unlabelled images


class ReconstructionConfig(ImageClassifierConfig):
    """The settings of both autoencoders."""

    hidden: Share = 0.0  # of an image's 8 x 8 patches, to be guessed; 0: a plain autoencoder
    weak: Augmentation = WEAK  # of the images to reconstruct


class AutoencoderConfig(ReconstructionConfig):
    """Pretraining on all images, a linear classifier on the frozen encoder, then all of it."""

    pretraining_epochs: Count = 20  # over all images
    pretraining_rate: Positive = 2e-3  # the peak
    frozen_epochs: Count = 20  # of the last layer alone, over features that are computed once
    frozen_rate: Positive = 1e-2  # the peak


class JointAutoencoderConfig(ReconstructionConfig):
    """Labelled and unlabelled images together in each step."""

    alpha: Annotated[float, Field(ge=-1, lt=1)] = 0.5  # 1 - alpha: labels, 1 + alpha: pixels
    ratio: Count = 2  # unlabelled images for each labelled one in a batch

    batch_size: Count = 64  # labelled images
    epochs: Count = 10  # over the unlabelled images


class FilterConfig(Config):
    """Settings that a recipe can add to a method: some unlabelled images are left out first."""

    filter: Literal["none", "svdd", "svm"] = "none"  # Deep SVDD, or a one-class SVM's objective
    kept: Annotated[float, Field(gt=0, le=1)] = 0.8  # share of the unlabelled images
    nu: Annotated[float, Field(gt=0, lt=1)] = 0.9  # of labelled images outside the boundary
    filter_epochs: Count = 10  # over the labelled images
    filter_rate: Positive = 1e-3  # the peak


SMALL_VIEWS = Augmentation(flip=True, crop=0.5, rotation=10, jitter=0.5, grey=0.2)


class ContrastiveConfig(ImageClassifierConfig):
    """The settings of contrastive learning in one step and in two."""

    temperature: Positive = 0.5  # by which similarities are divided in the loss
    projection: Count = 128  # units of the vectors that are compared
    views: Augmentation = CONTRASTIVE  # of an image, twice; these are gentler below 16 pixels
    at_once: Count = 256  # images of a batch, two views each, with activations in memory

    def view(self, images: np.ndarray) -> Augmentation:
        """The augmentation that makes a view of such images, (n, height, width, channels)."""
        # SimCLR's crops of 8 x 8 pixels leave two.
        small = min(images.shape[1:3]) < 16 and self.views == CONTRASTIVE
        return self.policy(images, SMALL_VIEWS if small else self.views)


class SimclrConfig(ContrastiveConfig):
    """Contrastive pretraining on all images, then a supervised training from there."""

    pretraining_epochs: Count = 12  # over all images
    pretraining_batch: Count = 256  # images, two views each
    pretraining_rate: Positive = 2e-3  # the peak

    learning_rate: Positive = 1e-3  # the peak, of fine-tuning


class JointSimclrConfig(ContrastiveConfig):
    """Labelled images and pairs of views of unlabelled ones in each step."""

    contrast: Annotated[float, Field(gt=0)] = 1.0  # weight of the contrastive loss
    ratio: Count = 4  # unlabelled images for each labelled one in a batch

    batch_size: Count = 64  # labelled images
    epochs: Count = 10  # over the unlabelled images

    @property
    def pairs(self) -> int:
        """Unlabelled images in a batch."""
        return self.batch_size * self.ratio

    @pydantic.model_validator(mode="after")
    def whole_chunks(self) -> "JointSimclrConfig":
        """Refuses a batch that is not a multiple of `at_once`."""
        if self.pairs > self.at_once and self.pairs % self.at_once:
            raise ValueError(
                f"batch_size={self.batch_size} times ratio={self.ratio} is {self.pairs} images, "
                f"not a multiple of at_once={self.at_once}."
            )
        return self


# The methods by name, each with its settings; `kerastc.methods` has a function of each name.
METHODS: dict[str, type[ImageClassifierConfig]] = {
    "supervised": ImageClassifierConfig,
    "self_training": SelfTrainingConfig,
    "fixmatch": FixMatchConfig,
    "autoencoder": AutoencoderConfig,
    "joint_autoencoder": JointAutoencoderConfig,
    "simclr": SimclrConfig,
    "joint_simclr": JointSimclrConfig,
}

"""The fields of a recipe of photographs."""

from collections.abc import Mapping
from typing import Any, Literal

import pydantic
from pydantic import Field

from kerastc.images import Augmentation
from kerastc.training.config import Count, Fraction, Positive
from kerastc.training.image_config import ImageTrainingConfig, Weight

# Of the whole network or its top: that of the head alone would make it forget.
RATES = {"learning_rate": 5e-4, "epochs": 10}
PHOTOGRAPH = Augmentation(flip=True, crop=0.35, jitter=0.3)


class PhotoClassifierConfig(ImageTrainingConfig):
    """A network that learned on ImageNet, with a new last layer."""

    backbone: Literal["efficientnet-lite0"] = "efficientnet-lite0"  # the network
    weights: Literal["published", "random"] = "published"  # of the backbone; random: untrained
    trainable: str = "head"  # head: the network is frozen | top_K: and its top K parts | all
    norms: Literal["frozen", "trained"] = "frozen"  # its normalisations, with other parts
    augmentation: Augmentation = PHOTOGRAPH  # of training images; not with head
    least_images: Count = 1  # per epoch; fewer are used several times

    epochs: Count = 40  # at most
    batch_size: Count = 32  # images
    learning_rate: Positive = 2e-3  # the peak
    weight_decay: Weight = Field(default=0.05)  # decoupled; none on norms and biases
    warmup_fraction: Fraction = 0.1  # of all updates; linear rise from zero

    @classmethod
    def usual(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Rate and epochs that suit the trained part."""
        usual = super().usual(given)
        return usual if given.get("trainable", "head") == "head" else usual | RATES

    @pydantic.model_validator(mode="after")
    def trained_on_images(self) -> "PhotoClassifierConfig":
        """Refuses what changes images where none is seen twice, and norms that stay frozen."""
        given = {"mixup": self.mixup, "cutmix": self.cutmix, "average": self.average}
        told = [f"{name}={value:g}" for name, value in given.items() if value]
        told += [f"first_side={self.first_side:g}"] * (self.first_side != 1)
        told += ["norms=trained"] * (self.norms == "trained")
        if told and self.trainable == "head":
            raise ValueError(
                f"{' and '.join(told)} would change nothing: trainable=head reads features that "
                "are computed once; give trainable=all or top_K."
            )
        return self

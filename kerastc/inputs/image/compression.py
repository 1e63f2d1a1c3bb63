"""How models of images are compressed."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastc.errors import UserError
from kerastc.images import NONE
from kerastc.inputs.compression import CompressedInput, TargetsOf
from kerastc.run import Run
from kerastc.training.image_config import ImageClassifierConfig, ImageTrainingConfig
from kerastc.training.teacher import OWN

if TYPE_CHECKING:
    import keras

    from kerastc.data.images.images import LabelledImages
    from kerastc.data.images.stored import Images
    from kerastc.data.splits import Splits
    from kerastc.inputs.image.batches import ImageBatches
    from kerastc.training.teacher import Teaching


class CompressedImages(CompressedInput):
    """See `CompressedInput`; in training they are augmented and mixed as the run was trained."""

    quantizations = ("float16", "int8", "int8-static")
    # "recover" as far as the user allows: without it a network that lost channels is of little use.
    beginnings = (
        {"quantize": 1},
        {"quantize": 2},
        {"channels": 2, "recover": 99, "quantize": 1},
        {"channels": 4, "recover": 99, "quantize": 1},
        {"channels": 3, "recover": 99, "quantize": 2},
        {"kernels": 2, "recover": 99, "quantize": 1},
        {"channels": 1, "kernels": 1, "recover": 99, "quantize": 1},
    )

    given: ImageTrainingConfig

    def write(self, run: Run) -> None:
        """Nothing: there are no further files."""

    def batches(self, examples: np.ndarray, targets_of: TargetsOf) -> "ImageBatches":
        from kerastc.inputs.image.batches import ImageBatches, judging

        return ImageBatches(examples, targets_of(examples), judging(examples))

    def training_batches(
        self,
        examples: np.ndarray,
        targets_of: TargetsOf,
        config: ImageTrainingConfig,
        teaching: "Teaching",
    ) -> "ImageBatches":
        from kerastc.inputs.image.batches import ImageBatches

        times = -(-config.least_images // len(examples))
        return ImageBatches(
            examples,
            targets_of(examples),
            config.batch_size,
            seed=config.seed,
            rows=np.tile(np.arange(len(examples)), times),
            augment=config.policy(examples),
            mixture=config.mixture,
        )

    def taught_apart(self, examples: np.ndarray, config: ImageTrainingConfig) -> bool:
        return config.policy(examples) == NONE and not config.mixture

    def unlabelled(self, splits: "Splits", teaching: "Teaching") -> np.ndarray:
        found = splits.unlabelled.examples
        if not teaching.unlabelled:
            return found[:0]
        if not len(found):
            raise UserError(
                f"unlabelled={OWN}: all training images of this run have labels.", "Leave it out."
            )
        return found

    def joined(self, examples: "Images", more: "Images") -> "Images":
        from kerastc.data.images.stored import joined

        return joined(examples, more) if len(more) else examples

    def full_rank(self, model: "keras.Model") -> "list[keras.layers.Layer]":
        """The classifier behind the pooling.

        Pooled ReLUs are far from zero on average: that mean alone makes up most of the energy of
        its output, and carries no information on the classes.
        """
        from kerastc.models import head_layers

        return head_layers(model)

    def built(self, splits: "Splits", given: Mapping[str, Any], seed: int) -> "keras.Model":
        from kerastc.training.images import build_classifier

        usual = {"depth": 0} if "architecture" in given else {}  # of the other architecture
        config = self.config
        if not isinstance(config, ImageClassifierConfig):  # its network was not made here
            config = ImageClassifierConfig(dropout=config.dropout)
        return build_classifier(splits, config.model_copy(update=usual | given | {"seed": seed}))

    def names(self, rows: "LabelledImages") -> np.ndarray:
        return rows.names

    def content(self, examples: np.ndarray) -> Iterator[bytes]:
        from kerastc.data.images.images import content_of

        yield repr(examples.shape).encode()
        yield memoryview(content_of(examples))

    def figures(self, splits: "Splits") -> dict[str, Any]:
        return {"images": len(splits.train)}


INPUT = CompressedImages

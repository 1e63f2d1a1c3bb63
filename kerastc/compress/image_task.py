"""An image run as compression sees it: its data, its augmentation, its teacher."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import keras
import numpy as np

from kerastc.compress.task import Task
from kerastc.errors import UserError
from kerastc.images import NONE
from kerastc.inputs.image.batches import JUDGING, ImageBatches, judged
from kerastc.models.loading import load_model
from kerastc.outputs.classes.head import NO_LABEL, targets_of, with_teacher
from kerastc.run import Run
from kerastc.training.images import ImageClassifierConfig, save
from kerastc.training.predicting import predict, predict_batch
from kerastc.training.teacher import OWN, Teaching


class ImageTask(Task):
    """See `Task`."""

    kind = "image"
    # Pooled ReLUs are far from zero on average: that mean alone makes up most of the energy of what
    # the classifier gives, and tells nothing of the classes.
    full_rank = "^classifier$"
    config: ImageClassifierConfig

    def save(self, model: keras.Model, run: Run) -> None:
        save(model, self.preprocessing, run)

    def given(self, part: str) -> np.ndarray:
        return getattr(self.splits, part).examples

    def names(self, part: str) -> np.ndarray:
        return getattr(self.splits, part).names

    def batches(self, part: str) -> ImageBatches:
        return judged(getattr(self.splits, part), self.config)

    def training_batches(self, teaching: Teaching, config: ImageClassifierConfig) -> ImageBatches:
        """As in `Task`; augmented and mixed as the run was trained."""
        train, more = self.splits.train, self._unlabelled(teaching)
        images = np.concatenate([train.examples, more])
        labels = np.concatenate([train.labels, np.full(len(more), NO_LABEL)])
        augment = config.policy(images)
        if not teaching.soft:
            teacher = self.no_logits(len(images))
        elif augment == NONE and not config.mixture:  # known before an epoch begins
            teacher = self.teacher_logits(images)
        else:
            teacher = self.teacher
        return TaughtBatches(
            images,
            targets_of(labels),
            config.batch_size,
            seed=config.seed,
            rows=np.tile(np.arange(len(images)), -(-config.least_images // len(images))),
            augment=augment,
            mixture=config.mixture,
            teacher=teacher,
        )

    @property
    def learning_rate(self) -> float:
        return self.config.learning_rate

    @property
    def figures(self) -> dict[str, Any]:
        return {"images": len(self.splits.train)}

    @cached_property
    def teacher(self) -> keras.Model:
        """The original's model."""
        return load_model(self.original.required("model.keras"))

    def _unlabelled(self, teaching: Teaching) -> np.ndarray:
        found = self.splits.unlabelled.examples
        if not teaching.unlabelled:
            return found[:0]
        if not len(found):
            raise UserError(
                f"unlabelled={OWN}: all training images of {self.original.folder} have labels.",
                "Leave it out.",
            )
        return found

    def _logits(self, examples: np.ndarray) -> np.ndarray:
        none = np.zeros((len(examples), 0), "float32")
        return predict(self.teacher, ImageBatches(examples, none, JUDGING), "Asking the teacher")

    def _bytes(self, examples: np.ndarray) -> Iterator[bytes]:
        yield repr(examples.shape).encode()
        yield np.ascontiguousarray(examples).data


class TaughtBatches(ImageBatches):
    """Batches whose targets also have a teacher's logits for the very images of the batch.

    A teacher that saw other crops than its student would teach it something else: Beyer et al.
    2022, Knowledge Distillation: A Good Teacher is Patient and Consistent, section 3.1.

    Args:
        teacher: images (batch, height, width, channels) float32 to logits; or the logits of all
            images, (n, classes), where none is changed.
        images, targets, ...: as in `ImageBatches`.
    """

    def __init__(
        self, images, targets, batch_size, *, teacher: keras.Model | np.ndarray, **options
    ):
        self.teacher = teacher
        super().__init__(images, targets, batch_size, **options)

    def __getitem__(self, index: int):
        images, targets = super().__getitem__(index)
        if isinstance(self.teacher, np.ndarray):
            logits = self.teacher[self.batches[index]]
        else:
            logits = predict_batch(self.teacher, images)
        return images, with_teacher(targets, logits)

"""Training inside of a step: the model learns from the original run, as far as it can hold it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar

import keras
from pydantic import Field

from kerastc.compress.keep_zeros import KeepZeros
from kerastc.compress.step import Step, Work
from kerastc.compress.teacher_loss import TeacherLoss
from kerastc.errors import UserError
from kerastc.training.config import Count, EarlyStopping, Natural, Positive, Share
from kerastc.training.fit import fit
from kerastc.training.seeding import seed_all

OWN = "own"  # the only unlabelled images that a run can have: those of its splits

Weight = Annotated[float, Field(ge=0)]


class Training(Step):
    """The fields of a step that trains. The teacher is the original run."""

    epochs: Natural = 1  # of the training part
    learning_rate: Positive | None = None  # peak, falls to zero; none: 1e-4, of images the run's
    warmup_fraction: Share = 0.06  # of all updates
    batch_size: Count | None = None  # examples; none: as the run was trained
    temperature: Positive = 2.0  # of teacher and student in the soft part of the loss
    soft: Weight = 1.0  # weight of the teacher's probabilities; 0 learns from labels alone
    hard: Weight = 0.5  # weight of the labels
    unlabelled: str = ""  # further rows, which the teacher alone labels: a file of texts | own
    augment: Natural = 0  # texts made for each training text, of two spliced, likewise
    masking: Share | None = None  # share of the student's tokens; none: as the run was trained

    # Images are augmented as the run was trained, for student and teacher alike.
    kind_of_field: ClassVar[Mapping[str, str]] = {"augment": "text", "masking": "text"}

    def check(self, before: list[Step]) -> None:
        if self.epochs and not self.soft and not self.hard:
            raise UserError(f"{self.name}: soft=0 and hard=0 leave nothing to learn from.")
        if (self.unlabelled or self.augment) and not self.soft:
            what = "unlabelled" if self.unlabelled else "augment"
            raise UserError(f"{self.name}: {what} needs a teacher for its rows: soft is 0.")

    def check_kind(self, kind: str) -> None:
        super().check_kind(kind)
        if kind == "image" and self.unlabelled not in ("", OWN):
            raise UserError(
                f"{self.name}: unlabelled={self.unlabelled} names no images that this run has.",
                f"unlabelled={OWN} takes the unlabelled ones of its training part.",
            )


def teach(
    work: Work,
    options: Training,
    callbacks: Callable[[int], Sequence[keras.callbacks.Callback]] = lambda steps: [KeepZeros()],
    fitted: keras.Model | None = None,
    earliest: Callable[[int], int] = lambda steps: 0,
) -> dict[str, Any]:
    """Trains `work.model` in place and leaves its best weights on validation in it.

    Where it was stopped it goes on from the checkpoints in `work.run`. By default a kernel that was
    pruned before keeps its zeros.

    Args:
        work: model and data.
        options: how.
        callbacks: of all steps of the training, what sees each batch and evaluation before it is
            logged and saved.
        fitted: what is fitted in the model's place, with its weights: adds a loss of its own.
        earliest: of all steps of the training, the first whose weights may be chosen.

    Returns:
        epochs, seconds, rows, the chosen checkpoint and its validation accuracy.
    """
    task = work.task
    config = task.config.model_copy(
        update={
            "epochs": options.epochs,
            "learning_rate": options.learning_rate or task.learning_rate,
            "schedule": "linear",
            "warmup_steps": 0,
            "warmup_fraction": options.warmup_fraction,
            "batch_size": options.batch_size or task.config.batch_size,
            "seed": options.seed,
            "accumulation": 1,
            "class_weights": "none",
            "early_stopping": EarlyStopping(metric="val_accuracy", patience=0),
        }
    )
    seed_all(work.model, config.seed)
    work.model.trainable = True
    batches = task.training_batches(options, config)
    steps = config.epochs * len(batches)
    validation = task.batches("validation")
    loss = TeacherLoss(options.temperature, options.soft, options.hard, config.label_smoothing)
    choice, figures = fit(
        fitted or work.model,
        batches,
        validation,
        work.classes,
        config,
        work.run,
        loss,
        callbacks(steps),
        earliest(steps),
    )
    labels = validation.targets.argmax(axis=1)
    return {
        "rows": len(batches.targets),
        "epochs": figures["epochs"],
        "seconds": figures["seconds"],
        "examples_per_second": figures["examples_per_second"],
        "chosen": choice.name,
        "validation_accuracy": float((choice.validation.argmax(axis=1) == labels).mean()),
    }

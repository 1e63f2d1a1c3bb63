"""Training inside of a step: the model learns from the original run, as far as it can hold it."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import keras
import numpy as np
from pydantic import Field

from kerastc.compress.augmentation import spliced
from kerastc.compress.keep_zeros import KeepZeros
from kerastc.compress.step import Step, Work
from kerastc.compress.teacher_loss import TeacherLoss
from kerastc.data import read_unlabelled
from kerastc.data.duplicates import normal_text
from kerastc.data.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.training.batching import TextBatches
from kerastc.training.config import Count, EarlyStopping, Natural, Positive, Share
from kerastc.training.fit import fit, one_hot

Weight = Annotated[float, Field(ge=0)]


class Training(Step):
    """The fields of a step that trains. The teacher is the original run."""

    epochs: Natural = 1  # of the training part
    learning_rate: Positive = 1e-4  # the peak; falls to zero in a line
    warmup_fraction: Share = 0.06  # of all updates
    batch_size: Count | None = None  # examples; none: as the run was trained
    temperature: Positive = 2.0  # of teacher and student in the soft part of the loss
    soft: Weight = 1.0  # weight of the teacher's probabilities; 0 learns from labels alone
    hard: Weight = 0.5  # weight of the labels
    masking: Share | None = None  # share of the student's tokens; none: as the run was trained
    unlabelled: str = ""  # a file of further texts, which the teacher alone labels
    augment: Natural = 0  # texts made for each training text, of two spliced, likewise

    def check(self, before: list[Step]) -> None:
        if self.epochs and not self.soft and not self.hard:
            raise UserError(f"{self.name}: soft=0 and hard=0 leave nothing to learn from.")
        if (self.unlabelled or self.augment) and not self.soft:
            what = "unlabelled" if self.unlabelled else "augment"
            raise UserError(f"{self.name}: {what} needs a teacher for its texts: soft is 0.")


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
            "learning_rate": options.learning_rate,
            "schedule": "linear",
            "warmup_steps": 0,
            "warmup_fraction": options.warmup_fraction,
            "batch_size": options.batch_size or task.config.batch_size,
            "masking": task.config.masking if options.masking is None else options.masking,
            "seed": options.seed,
            "accumulation": 1,
            "early_stopping": EarlyStopping(metric="val_accuracy", patience=0),
        }
    )
    _seed(work.model, config.seed)
    work.model.trainable = True
    batches = _batches(work, options, config)
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


def _seed(model: keras.Model, seed: int) -> None:
    """Makes all that is drawn from here on the same, wherever the model came from.

    Dropout keeps a seed of its own in the model, drawn when the layer was made or read from a file.
    """
    keras.utils.set_random_seed(seed)
    states = (v for v in model.variables if v.name == "seed_generator_state")
    for number, state in enumerate(states):
        state.assign([seed + number, 0])


def _batches(work: Work, options: Training, config) -> TextBatches:
    """The training rows with their labels and the teacher's logits as targets."""
    task = work.task
    texts = task.splits.train
    targets = one_hot(texts.labels, len(texts.classes))
    more = _more(options, task)
    if len(more):
        targets = np.concatenate([targets, np.zeros((len(more), len(texts.classes)), "float32")])
        texts = LabelledTexts(
            np.concatenate([texts.texts, more]),
            np.concatenate([texts.labels, np.zeros(len(more), "int32")]),
            texts.classes,
            texts.source,
        )
    logits = task.teacher_logits(texts) if options.soft else np.zeros_like(targets)
    tokens = task.tokenizer.encode(config.preparation.apply(texts.texts), config.max_tokens)
    return TextBatches(
        tokens,
        task.tokenizer.pad,
        np.concatenate([targets, logits], axis=1),
        config.batch_size,
        seed=config.seed,
        masking=(config.masking, task.tokenizer.mask_id),
    )


def _more(options: Training, task) -> np.ndarray:
    """The texts that have no label."""
    more = [np.array([], dtype=object)]
    if options.augment:
        own = task.splits.train.texts
        more.append(spliced(own, options.augment * len(own), options.seed))
    if options.unlabelled:
        more.append(_unlabelled(options.unlabelled, task))
    return np.concatenate(more)


def _unlabelled(path: str, task) -> np.ndarray:
    """The texts of a file, less those that validation or test has."""
    parts = (task.splits.validation, task.splits.test)
    apart = {normal_text(text) for part in parts for text in part.texts}
    texts = [text for text in read_unlabelled(path) if normal_text(text) not in apart]
    if not texts:
        raise UserError(f"{path} has no text that is not in validation or test, too.")
    return np.array(texts, dtype=object)

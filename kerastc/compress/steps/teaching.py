"""Training within a step: the model learns from the original run."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from kerastc.compress.masks.keep_zeros import KeepZeros
from kerastc.compress.steps.reached_tokens import Cut, Unreached, reached_tokens
from kerastc.compress.steps.training_step import Training
from kerastc.compress.work import Work
from kerastc.models.parts import encoder_layer
from kerastc.training.config import EarlyStopping
from kerastc.training.fit import fit
from kerastc.training.seeding import seed_all


def teach(
    work: Work,
    options: Training,
    callbacks: Callable[[int], Sequence[keras.callbacks.Callback]] = lambda steps: [KeepZeros()],
    fitted: Callable[[keras.Model, Cut], keras.Model] | None = None,
    earliest: Callable[[int], int] = lambda steps: 0,
    unreached: Unreached | None = None,
) -> dict[str, Any]:
    """Trains `work.model` in place and leaves its best weights on validation in it.

    A stopped training resumes from the checkpoints in `work.run`. By default a kernel that was
    pruned earlier keeps its zeros.

    Args:
        work: model and data.
        options: how to train.
        callbacks: given the number of training steps, what sees each batch and evaluation before it
            is logged and saved.
        fitted: what is fitted instead of a model, with its weights, to add another loss; also
            given what cuts a model of the same tokens in the same way.
        earliest: given the number of training steps, the first whose weights may be chosen.
        unreached: as in `reached_tokens`.

    Returns:
        epochs, seconds, rows, the chosen checkpoint and its main figure on validation.
    """
    subject = work.subject
    config = subject.config.model_copy(
        update={
            "epochs": options.epochs,
            "learning_rate": options.learning_rate or subject.learning_rate,
            "schedule": "linear",
            "warmup_steps": 0,
            "warmup_fraction": options.warmup_fraction,
            "batch_size": options.batch_size or subject.config.batch_size,
            "seed": options.seed,
            "accumulation": 1,
            "class_weights": "none",
            "early_stopping": EarlyStopping(metric=None, patience=0),
        }
    )
    more = subject.unlabelled(options.teaching)
    with reached_tokens(work, more, unreached) as cut:
        seed_all(work.model, config.seed)
        work.model.trainable = True
        encoder = encoder_layer(work.model)
        if encoder is not None and encoder.pooler is not None:
            encoder.pooler.trainable = False  # the model does not read it: it has no gradient
        batches = subject.training_batches(options.teaching, config, more)
        steps = config.epochs * len(batches)
        judge = subject.head.judge(subject.output)
        choice, figures = fit(
            work.model if fitted is None else fitted(work.model, cut),
            batches,
            subject.batches("validation"),
            subject.head.teacher_loss(options.teaching, config),
            judge,
            config,
            work.run,
            callbacks(steps),
            earliest(steps),
        )
    return {
        "rows": len(batches.targets),
        "epochs": figures["epochs"],
        "seconds": figures["seconds"],
        "examples_per_second": figures["examples_per_second"],
        "chosen": choice.name,
        f"validation_{judge.main.name}": choice.figures[judge.main.name],
    }

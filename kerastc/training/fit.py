"""Compiles and fits a classifier: the one training loop, resumable at every evaluation."""

import warnings
from collections.abc import Sequence

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.progress import progress
from kerastc.run import Run
from kerastc.training.batching import Batches, Stretches, feed
from kerastc.training.callbacks import SPEEDS, Bar, EvaluationLog, epochs_of, mean_speed
from kerastc.training.checkpoints import Checkpoints
from kerastc.training.config import TrainingConfig
from kerastc.training.finalists import Choice, choose
from kerastc.training.metrics import CountedAccuracy
from kerastc.training.optimizer import adamw
from kerastc.training.stopping import Stopping
from kerastc.training.targets import OneHot


def fit(
    model: keras.Model,
    train: Batches,
    validation: Batches,
    classes: tuple[str, ...],
    config: TrainingConfig,
    run: Run,
    loss: keras.losses.Loss | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    earliest: int = 0,
) -> tuple[Choice, dict[str, float]]:
    """Trains until the last epoch or early stopping and leaves the best weights in the model.

    Goes on from the run's last checkpoint where there is one, to the same figures; a child run
    begins at its parent's.

    Args:
        model: maps inputs to (batch, classes) logits.
        train, validation: targets are (rows, classes) float32.
        classes: the class names.
        config: hyperparameters.
        run: takes history.csv and checkpoints/.
        loss: of targets and logits; cross-entropy by default.
        callbacks: see each batch and each evaluation before it is logged and saved.
        earliest: the first step whose weights may be chosen.

    Returns:
        the choice between the best checkpoints, and figures: epochs and steps trained, the best of
        them, whether stopped early, seconds, examples a second.

    Raises:
        UserError: for a metric that is not logged, or a loss that is no number.
    """
    metric = CountedAccuracy(len(classes))
    model.compile(
        optimizer=adamw(config, model, len(train)),
        loss=loss
        or keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=config.label_smoothing
        ),
        metrics=[metric],
        auto_scale_loss=False,  # `adamw` has done it
        jit_compile=keras.backend.backend() == "jax",  # XLA would compile for every length
    )
    stretches = Stretches(train, config.epochs, config.evaluate_every)
    log = EvaluationLog(stretches, metric, classes)
    watched = config.early_stopping.metric
    _check_metric(watched, log.columns())
    since = run.parent["step"] if run.parent else 0
    stopping = Stopping(log.rows, config.early_stopping, since)
    checkpoints = Checkpoints(run, log.rows, watched, config.keep_checkpoints, earliest)
    checkpoints.restore(model)
    done = log.rows[-1]["step"] if log.rows else 0
    if run.parent and run.parent["step"] == done >= stretches.steps:
        raise UserError(
            f"{config.epochs} epochs end at step {stretches.steps}; the parent's checkpoint is of "
            f"step {done}.",
            f"Go on with more: epochs={int(epochs_of(done, len(train))) + 1}",
        )
    if done < stretches.steps and not stopping.stopped:
        seen = validation.sample(config.evaluation_rows or len(validation.targets), config.seed)
        stretches.go_on(done)
        _train(model, stretches, seen, stopping, [*callbacks, log, stopping, checkpoints])
    per_epoch = len(train)
    choice = choose(model, run, checkpoints.finalists(), validation, classes, watched, per_epoch)
    last = log.rows[-1]
    return choice, {
        "epochs": last["epoch"],
        "steps": last["step"],
        "best_epoch": epochs_of(choice.step, per_epoch),
        "best_step": choice.step,
        "stopped_early": last["step"] < stretches.steps,
        "seconds": round(sum(row["seconds"] for row in log.rows), 3),
        **{name: mean_speed(log.rows, name) for name in SPEEDS},
    }


def _train(model, stretches, validation, stopping, callbacks) -> None:
    """Fits one stretch after the other, since Keras wants all epochs of one length."""
    with progress("Training", total=stretches.steps) as advance, warnings.catch_warnings():
        # tf.data tells the end of a generator by an error that Keras passes on as a warning.
        warnings.filterwarnings("ignore", message="Your input ran out of data")
        advance(stretches.first)
        for index in range(stretches.index, stretches.count):
            stretches.begin(index)
            model.fit(
                feed(stretches),
                validation_data=feed(validation),
                epochs=index + 1,
                initial_epoch=index,
                shuffle=False,
                verbose=0,
                callbacks=[*callbacks, Bar(advance, stopping.rows)],
            )
            if stopping.stopped:
                break


def class_weights(labels: np.ndarray, classes: int, kind: str) -> np.ndarray | None:
    """The loss's weight of each row, (n,) float32, or None: n / (classes * rows of its class)."""
    if kind == "none":
        return None
    counts = np.bincount(labels, minlength=classes)
    return (len(labels) / (classes * np.maximum(counts, 1)))[labels].astype("float32")


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """(n,) int labels to (n, classes) float32 targets."""
    return OneHot(labels, classes)[:]


def _check_metric(name: str, known: list[str]) -> None:
    if name not in known:
        raise UserError(
            f"early_stopping.metric={name} is not logged.", f"Logged: {', '.join(known)}."
        )

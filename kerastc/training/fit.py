"""Compiles and fits a classifier: the one training loop, resumable at every epoch."""

import warnings

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.progress import progress
from kerastc.run import Run
from kerastc.training.batching import Batches, feed
from kerastc.training.callbacks import Bar, BestEpoch, Checkpoint, EpochLog
from kerastc.training.config import TrainingConfig
from kerastc.training.metrics import ConfusionAccuracy
from kerastc.training.optimizer import adamw


def fit(
    model: keras.Model,
    train: Batches,
    validation: Batches,
    classes: tuple[str, ...],
    config: TrainingConfig,
    run: Run,
) -> dict[str, float]:
    """Trains until the last epoch or early stopping and leaves the best epoch's weights.

    Goes on from the run's last checkpoint where there is one, to the same figures.

    Args:
        model: maps inputs to (batch, classes) logits.
        train, validation: targets are (rows, classes) float32.
        classes: the class names.
        config: hyperparameters.
        run: takes history.csv and checkpoints/.

    Returns:
        epochs trained, the best one (from 1), whether stopped early, seconds, examples a second.

    Raises:
        UserError: for a metric that is not logged, or a loss that is no number.
    """
    metric = ConfusionAccuracy(len(classes))
    model.compile(
        optimizer=adamw(config, model, len(train)),
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=config.label_smoothing
        ),
        metrics=[metric],
        auto_scale_loss=False,  # `adamw` has done it
        jit_compile=keras.backend.backend() == "jax",  # XLA would compile for every length
    )
    log = EpochLog(train, metric, classes)
    _check_metric(config.early_stopping.metric, log.columns())
    stopping = BestEpoch(config.early_stopping, config.epochs)
    checkpoint = Checkpoint(run, log, stopping)
    done = checkpoint.restore(model)
    if stopping.stopped_epoch:
        done = config.epochs
    with progress("Training", total=len(train) * config.epochs) as advance:
        advance(len(train) * done)
        with warnings.catch_warnings():
            # tf.data tells the end of a generator by an error that Keras passes on as a warning.
            warnings.filterwarnings("ignore", message="Your input ran out of data")
            model.fit(
                feed(train),
                validation_data=feed(validation),
                epochs=config.epochs,
                initial_epoch=done,
                shuffle=False,
                verbose=0,
                callbacks=[log, stopping, checkpoint, Bar(advance)],
            )
    seconds = sum(row["seconds"] for row in log.rows)
    speed = np.mean([row["examples_per_second"] for row in log.rows])
    return {
        "epochs": len(log.rows),
        "best_epoch": stopping.best_epoch + 1,
        "stopped_early": bool(stopping.stopped_epoch),
        "seconds": round(seconds, 3),
        "examples_per_second": round(float(speed), 1),
    }


def class_weights(labels: np.ndarray, classes: int, kind: str) -> np.ndarray | None:
    """The loss's weight of each row, (n,) float32, or None: n / (classes * rows of its class)."""
    if kind == "none":
        return None
    counts = np.bincount(labels, minlength=classes)
    return (len(labels) / (classes * np.maximum(counts, 1)))[labels].astype("float32")


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """(n,) int labels to (n, classes) float32 targets."""
    return np.eye(classes, dtype="float32")[labels]


def _check_metric(name: str, known: list[str]) -> None:
    if name not in known:
        raise UserError(
            f"early_stopping.metric={name} is not logged.", f"Logged: {', '.join(known)}."
        )

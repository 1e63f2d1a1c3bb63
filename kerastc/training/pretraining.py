"""Training without labels: the same resumable loop, for losses that need none."""

import time
from typing import Any

import keras

from kerastc.outputs.output import Figure
from kerastc.progress import progress
from kerastc.run import Run
from kerastc.training.batching import Stretches, feed
from kerastc.training.callbacks import Bar, epochs_of, last_rate, mean_speed
from kerastc.training.checkpoints import Checkpoints
from kerastc.training.config import TrainingConfig
from kerastc.training.optimizer import adamw
from kerastc.training.stopping import Stopping


class Pretrainer(keras.Model):
    """Fits an encoder by its own loss, on every backend.

    A method overrides `call`, which returns the input of `losses_of`, and `losses_of`.

    Args:
        encoder: images to features or maps; the part that is kept.
        terms: names of the parts of the loss, for the history.
    """

    def __init__(self, encoder: keras.Model, terms: tuple[str, ...] = ()):
        super().__init__(name="pretrainer")
        self.encoder = encoder
        self.terms = {name: keras.metrics.Mean(name) for name in terms}
        self.built = True

    def losses_of(self, inputs: Any, outputs: Any) -> dict[str, Any]:
        """The parts of the loss, already weighted, by the names in `terms`."""
        raise NotImplementedError

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        parts = self.losses_of(x, y_pred)
        for name, value in parts.items():
            if name in self.terms:
                self.terms[name].update_state(value)
        return sum([*parts.values(), *self.losses])


class PretrainingLog(keras.callbacks.Callback):
    """Adds a row of figures to the history at the end of each stretch of batches.

    Args:
        stretches: the training data; Keras treats each stretch as an epoch.
    """

    def __init__(self, stretches: Stretches):
        super().__init__()
        self.stretches = stretches
        self.rows: list[dict[str, float]] = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self.began
        row = {
            "step": self.stretches.end,
            "epoch": epochs_of(self.stretches.end, len(self.stretches.batches)),
            "learning_rate": last_rate(self.model.optimizer),
            "seconds": round(seconds, 3),
            "examples_per_second": round(self.stretches.rows / seconds, 1),
        }
        names = ("loss", *self.model.terms)
        self.rows.append(row | {name: float(logs[name]) for name in names})


def fit_unlabelled(
    learner: Pretrainer, train: keras.utils.PyDataset, config: TrainingConfig, run: Run
) -> dict[str, float]:
    """Trains to the last epoch and leaves the last weights in the learner.

    Resumes from the run's last checkpoint if there is one, to the same figures.

    Args:
        learner: the learner to fit.
        train: batches (inputs, targets); the targets are not used.
        config: hyperparameters.
        run: gets history.csv and checkpoints/.

    Returns:
        figures: epochs, steps, loss, seconds, examples per second.
    """
    learner.compile(
        optimizer=adamw(config, learner, len(train)),
        auto_scale_loss=False,  # `adamw` has done it
        jit_compile=keras.backend.backend() == "jax",
    )
    stretches = Stretches(train, config.epochs, config.evaluate_every)
    log = PretrainingLog(stretches)
    by = Figure("loss", higher=False)
    stopping = Stopping(log.rows, by, config.early_stopping)
    checkpoints = Checkpoints(run, log.rows, by, 1)
    checkpoints.restore(learner)
    done = log.rows[-1]["step"] if log.rows else 0
    if done < stretches.steps:
        stretches.go_on(done)
        callbacks = [log, stopping, checkpoints]
        with progress("Pretraining", total=stretches.steps) as advance:
            advance(stretches.first)
            for index in range(stretches.index, stretches.count):
                stretches.begin(index)
                learner.fit(
                    feed(stretches),
                    epochs=index + 1,
                    initial_epoch=index,
                    shuffle=False,
                    verbose=0,
                    callbacks=[*callbacks, Bar(advance, log.rows, ("loss",))],
                )
    last = log.rows[-1]
    return {
        "epochs": last["epoch"],
        "steps": last["step"],
        "loss": last["loss"],
        "seconds": round(sum(row["seconds"] for row in log.rows), 3),
        "examples_per_second": mean_speed(log.rows, "examples_per_second"),
    }

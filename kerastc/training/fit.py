"""Compiles and fits a model: the one training loop, resumable at every evaluation."""

import warnings
from collections.abc import Sequence

import keras

from kerastc.errors import UserError
from kerastc.outputs.judge import ON_VALIDATION, Judge
from kerastc.outputs.output import Figure
from kerastc.progress import progress, tell
from kerastc.run import Run
from kerastc.training.batching import Batches, Stretches, feed
from kerastc.training.callbacks import SPEEDS, Bar, EvaluationLog, epochs_of, mean_speed
from kerastc.training.checkpoints import Checkpoints
from kerastc.training.config import TrainingConfig
from kerastc.training.finalists import Choice, as_it_is, choose
from kerastc.training.groups import Group
from kerastc.training.optimizer import adamw
from kerastc.training.placing import shared
from kerastc.training.stopping import Stopping


def fit(
    model: keras.Model,
    train: Batches,
    validation: Batches,
    loss: keras.losses.Loss,
    judge: Judge,
    config: TrainingConfig,
    run: Run,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    earliest: int = 0,
    groups: Sequence[Group] = (),
) -> tuple[Choice, dict[str, float]]:
    """Trains until the last epoch or early stopping and leaves the best weights in the model.

    Resumes from the run's last checkpoint if there is one, to the same figures; a child run
    begins at its parent's. Of no epochs it evaluates the model as it is.

    Args:
        model: maps inputs to outputs.
        train, validation: batches of inputs and targets.
        loss: of targets and outputs.
        judge: scores the outputs.
        config: hyperparameters.
        run: gets history.csv and checkpoints/.
        callbacks: called at each batch, and at each evaluation before it is logged and saved.
        earliest: the first step whose weights may be chosen.
        groups: of the model's weights; none: all are trained alike.

    Returns:
        the choice between the best checkpoints, and figures: epochs and steps trained, the best of
        them, whether stopped early, seconds, examples per second.

    Raises:
        UserError: for a metric that is not logged, or a loss that is not a number.
    """
    by = _watched(config, judge)
    if not config.epochs:
        tell("epochs=0: nothing is trained.")
        none = dict.fromkeys(("epochs", "steps", "best_epoch", "best_step"), 0)
        return as_it_is(model, validation, judge), none | {"stopped_early": False, "seconds": 0.0}
    model.compile(
        optimizer=adamw(config, model, len(train), groups),
        loss=loss,
        metrics=list(judge.metrics),
        auto_scale_loss=False,  # `adamw` has done it
        jit_compile=keras.backend.backend() == "jax",  # XLA would compile for every length
    )
    stretches = Stretches(train, config.epochs, config.evaluate_every)
    seen = validation.sample(config.evaluation_rows or len(validation.targets), config.seed)
    log = EvaluationLog(stretches, judge, seen)
    since = run.parent["step"] if run.parent else 0
    stopping = Stopping(log.rows, by, config.early_stopping, since)
    checkpoints = Checkpoints(run, log.rows, by, config.keep_checkpoints, earliest)
    checkpoints.restore(model)
    done = log.rows[-1]["step"] if log.rows else 0
    if run.parent and run.parent["step"] == done >= stretches.steps:
        raise UserError(
            f"epochs={config.epochs} ends at step {stretches.steps}; the parent's checkpoint is of "
            f"step {done}.",
            f"Train for more: epochs={int(epochs_of(done, len(train))) + 1}",
        )
    if done < stretches.steps and not stopping.stopped:
        stretches.go_on(done)
        bar = (f"{ON_VALIDATION}loss", ON_VALIDATION + judge.main.name)
        held_out = None if judge.whole else feed(seen)
        every = [*callbacks, log, stopping, checkpoints]
        with shared(model, judge.metrics):
            _train(model, stretches, held_out, stopping, bar, every)
    per_epoch = len(train)
    choice = choose(model, run, checkpoints.finalists(), validation, judge, by, per_epoch)
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


def _train(model, stretches, held_out, stopping, shown, callbacks) -> None:
    """Fits one stretch after the other, since Keras wants all epochs of one length."""
    with progress("Training", total=stretches.steps) as advance, warnings.catch_warnings():
        # tf.data signals the end of a generator by an error that Keras turns into a warning.
        warnings.filterwarnings("ignore", message="Your input ran out of data")
        advance(stretches.first)
        for index in range(stretches.index, stretches.count):
            stretches.begin(index)
            model.fit(
                feed(stretches),
                validation_data=held_out,
                epochs=index + 1,
                initial_epoch=index,
                shuffle=False,
                verbose=0,
                callbacks=[*callbacks, Bar(advance, stopping.rows, shown)],
            )
            if stopping.stopped:
                break


def _watched(config: TrainingConfig, judge: Judge) -> Figure:
    """The column of the history that ranks evaluations."""
    name = config.early_stopping.metric or ON_VALIDATION + judge.main.name
    if name not in judge.columns:
        raise UserError(
            f"early_stopping.metric={name} is not logged.", f"Logged: {', '.join(judge.columns)}."
        )
    return judge.columns[name]

"""What happens at the end of an epoch: figures, early stopping, the checkpoint, the bar."""

import json
import time
from typing import Any

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.run import Run
from kerastc.training.arrays import read_arrays
from kerastc.training.batching import Batches
from kerastc.training.config import EarlyStopping
from kerastc.training.metrics import ConfusionAccuracy, class_figures

BASE_COLUMNS = ("loss", "accuracy", "macro_precision", "macro_recall", "macro_f1")


class EpochLog(keras.callbacks.Callback):
    """Orders the batches of each epoch and keeps a row of figures of it, for history.csv.

    Comes first among the callbacks: what it adds to `logs`, early stopping can watch.

    Args:
        batches: the training data.
        metric: the compiled confusion metric.
        classes: the class names.
    """

    def __init__(self, batches: Batches, metric: ConfusionAccuracy, classes: tuple[str, ...]):
        super().__init__()
        self.batches = batches
        self.metric = metric
        self.classes = classes
        self.rows: list[dict[str, float]] = []

    def columns(self) -> list[str]:
        """The figures of a row that early stopping can watch."""
        by_class = [f"{f}[{c}]" for f in ("precision", "recall", "f1") for c in self.classes]
        figures = [*BASE_COLUMNS, *by_class]
        return [*figures, *(f"val_{name}" for name in figures)]

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.begin_epoch(epoch)
        self.began = time.perf_counter()

    def on_test_begin(self, logs=None):
        # Validation starts: the metric still holds the counts of the training part.
        self.trained = time.perf_counter()
        self.training_confusion = self.metric.confusion.numpy().copy()  # PyTorch shares it

    def on_epoch_end(self, epoch, logs=None):
        now = time.perf_counter()
        training = {"loss": logs["loss"], "accuracy": logs["accuracy"]}
        training |= class_figures(self.training_confusion, self.classes)
        validation = {"loss": logs["val_loss"], "accuracy": logs["val_accuracy"]}
        validation |= class_figures(self.metric.confusion.numpy(), self.classes)
        row = {
            "epoch": epoch + 1,
            "learning_rate": last_rate(self.model.optimizer),
            "seconds": round(now - self.began, 3),
            "examples_per_second": round(len(self.batches.taken) / (self.trained - self.began), 1),
        }
        row |= training | {f"val_{name}": value for name, value in validation.items()}
        row = {name: float(value) if name != "epoch" else value for name, value in row.items()}
        self.rows.append(row)
        logs.update(row)


class BestEpoch(keras.callbacks.EarlyStopping):
    """Keras's early stopping with a memory that a checkpoint can carry over.

    The weights of the best epoch are restored at the end, also where training was not stopped.

    Args:
        config: metric, patience and least gain.
        epochs: the most that are trained; takes the place of a patience of 0.
    """

    def __init__(self, config: EarlyStopping, epochs: int):
        super().__init__(
            monitor=config.metric,
            min_delta=config.min_delta,
            patience=config.patience or epochs,
            mode="min" if "loss" in config.metric else "max",
            restore_best_weights=True,
        )
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0

    def on_train_begin(self, logs=None):
        """Keeps what was restored, where Keras would forget it."""

    def on_epoch_end(self, epoch, logs=None):
        if not np.isfinite(logs["loss"]):
            raise UserError(
                f"The loss of epoch {epoch + 1} is {logs['loss']}: training diverged.",
                "Lower learning_rate, add warmup_fraction=0.1, or use precision=float32.",
            )
        super().on_epoch_end(epoch, logs)

    def memory(self) -> dict[str, Any]:
        """All but the weights, as JSON values."""
        return {
            "best": None if self.best is None else float(self.best),
            "best_epoch": self.best_epoch,
            "wait": self.wait,
            "stopped_epoch": self.stopped_epoch,
        }

    def remember(self, memory: dict[str, Any], best_weights: list[np.ndarray]) -> None:
        """The reverse of `memory`."""
        for name, value in memory.items():
            setattr(self, name, value)
        self.best_weights = best_weights


class Checkpoint(keras.callbacks.Callback):
    """Writes all that training needs to go on exactly as if it had never stopped.

    `checkpoints/last.npz` holds every variable (weights, seeds, optimizer with its step), PyTorch's
    random state, early stopping's memory and the history; it names the file with the best weights,
    which is written first and removed only when no checkpoint names it any more.

    Args:
        run: where the checkpoints and history.csv go.
        log: the rows so far.
        stopping: whose memory is kept.
    """

    def __init__(self, run: Run, log: EpochLog, stopping: BestEpoch):
        super().__init__()
        self.run = run
        self.log = log
        self.stopping = stopping
        self.kept_best = None
        self.torch_random = None

    def on_train_begin(self, logs=None):
        # Not in `restore`: before this, `fit` calls the model to build its metrics, and that draws.
        if self.torch_random is not None:
            import torch

            torch.set_rng_state(torch.from_numpy(self.torch_random))

    def on_epoch_end(self, epoch, logs=None):
        best = f"best-{self.stopping.best_epoch + 1}.npz"
        if best != self.kept_best:
            with self.run.writing("checkpoints", best) as path:
                np.savez(path, *self.stopping.best_weights)
        state = {"epoch": epoch + 1, "best_file": best, "stopping": self.stopping.memory()}
        state["history"] = self.log.rows
        with self.run.writing("checkpoints", "last.npz") as path:
            np.savez(path, state=np.array(json.dumps(state)), **_variables(self.model))
        self.run.write_rows("history.csv", self.log.rows)
        if self.kept_best and best != self.kept_best:
            self.run.path("checkpoints", self.kept_best).unlink(missing_ok=True)
        self.kept_best = best

    def restore(self, model: keras.Model) -> int:
        """Puts a compiled model where the last checkpoint left it.

        Returns:
            the number of epochs that are done: 0 where there is no checkpoint.

        Raises:
            UserError: where the checkpoint is broken or of another model.
        """
        last = self.run.path("checkpoints", "last.npz")
        if not last.is_file():
            return 0
        try:
            arrays = read_arrays(last)
            state = json.loads(str(arrays.pop("state")))
            best = read_arrays(self.run.path("checkpoints", state["best_file"]))
            self.torch_random = arrays.pop("torch_random", None)
            _assign(model, arrays)
        except (ValueError, KeyError) as error:
            raise UserError(
                f"{last} does not fit this run: {error}",
                f"Remove {last.parent} to train again from the first epoch.",
            ) from None
        self.stopping.remember(state["stopping"], [best[f"arr_{i}"] for i in range(len(best))])
        self.kept_best = state["best_file"]
        self.log.rows[:] = state["history"]
        self.run.write_rows("history.csv", self.log.rows)
        return state["epoch"]


class Bar(keras.callbacks.Callback):
    """Moves a progress bar a batch at a time and shows the last epoch's figures beside it."""

    def __init__(self, advance):
        super().__init__()
        self.advance = advance

    def on_train_batch_end(self, batch, logs=None):
        self.advance(1)

    def on_epoch_end(self, epoch, logs=None):
        self.advance(0, note=f"epoch {epoch + 1}: val_loss {logs['val_loss']:.4f}, "
                     f"val_accuracy {logs['val_accuracy']:.4f}")  # fmt: skip


def last_rate(optimizer: keras.optimizers.Optimizer) -> float:
    """The learning rate of the latest update."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    step = keras.ops.maximum(inner._iterations - 1, 0)  # the count of batches; no public name
    return float(inner._learning_rate(step))


def _variables(model: keras.Model) -> dict[str, np.ndarray]:
    arrays = {f"model_{i}": v.numpy() for i, v in enumerate(model.variables)}
    arrays |= {f"optimizer_{i}": v.numpy() for i, v in enumerate(model.optimizer.variables)}
    if keras.backend.backend() == "torch":
        import torch

        # Unseeded dropout draws from PyTorch's own generator there.
        arrays["torch_random"] = torch.get_rng_state().numpy()
    return arrays


def _assign(model: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    here = {f"model_{i}": v for i, v in enumerate(model.variables)}
    here |= {f"optimizer_{i}": v for i, v in enumerate(model.optimizer.variables)}
    if set(here) != set(arrays):
        raise ValueError(f"it has {len(arrays)} variables, the model and optimizer {len(here)}")
    for name, variable in here.items():
        if tuple(variable.shape) != arrays[name].shape:
            raise ValueError(f"{variable.path} is {variable.shape}, there {arrays[name].shape}")
    for name, variable in here.items():
        variable.assign(arrays[name])

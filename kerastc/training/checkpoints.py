"""Checkpoints: everything that training needs to resume exactly as if it had never stopped.

`checkpoints/step-N.npz` holds every variable (weights, seeds, optimizer with its step) by its name,
PyTorch's random state and the history up to step N. The newest is kept for resuming, the best ones
to choose from, and any of them can start a child run.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.forms import COUNT, check
from kerastc.npz_files import read_arrays, write_arrays
from kerastc.outputs.output import Figure
from kerastc.processes.exchange import first, first_arrays
from kerastc.processes.place import here
from kerastc.run import Run
from kerastc.training.placing import value
from kerastc.training.stopping import ranked
from kerastc.training.variable_names import model_variables, optimizer_variables


class Checkpoints(keras.callbacks.Callback):
    """Writes a checkpoint after each evaluation and removes all but the newest and the best.

    Args:
        run: where the checkpoints and history.csv go.
        rows: the history, to which each evaluation has already been added.
        by: the column of the history by which the best are kept.
        best: how many to keep.
        earliest: the first step that may be among the best.
    """

    def __init__(
        self, run: Run, rows: list[dict[str, float]], by: Figure, best: int, earliest: int = 0
    ):
        super().__init__()
        self.run = run
        self.rows = rows
        self.by = by
        self.best = best
        self.earliest = earliest
        self.torch_random = None

    def on_train_begin(self, logs=None):
        # Not in `restore`: before this, `fit` calls the model to build its metrics, which draws.
        if self.torch_random is not None:
            import torch

            torch.set_rng_state(torch.from_numpy(self.torch_random))
            self.torch_random = None

    def on_epoch_end(self, epoch, logs=None):
        state = self._state()
        if not here().first:
            for _ in state:  # a weight may have a part in each process
                pass
            return
        with self.run.writing("checkpoints", _name(self.rows[-1]["step"])) as path:
            write_arrays(path, state)
        self.run.write_rows("history.csv", self.rows)
        kept = {self.rows[-1]["step"], *self._finalists()}
        for step, path in self.run.checkpoints().items():
            if step not in kept:
                path.unlink()

    def finalists(self) -> list[int]:
        """The steps of the best evaluations whose checkpoints exist, best first."""
        return first(self._finalists)

    def _finalists(self) -> list[int]:
        saved = self.run.checkpoints()
        steps = [self.rows[i]["step"] for i in ranked(self.rows, self.by)]
        return [step for step in steps if step in saved and step >= self.earliest][: self.best]

    def restore(self, model: keras.Model) -> None:
        """Restores a compiled model from the newest checkpoint, and fills the rows.

        A child run without its own begins with a copy of its parent's.

        Raises:
            UserError: if the checkpoint is broken or from another model.
        """
        found = first_arrays(self._newest)
        if found is None:
            return
        arrays = dict(found)
        state = json.loads(str(arrays.pop("state")))
        self.torch_random = arrays.pop("torch_random", None)
        try:
            _assign(_by_name(model), arrays)
        except ValueError as error:
            raise _unfit(Path(state["path"]), error) from None
        self.rows[:] = state["history"]
        self.run.write_rows("history.csv", self.rows)

    def _newest(self) -> dict[str, np.ndarray] | None:
        """The newest checkpoint, with its path in its state; None if there is none."""
        saved = self.run.checkpoints() or self._inherited()
        if not saved:
            return None
        path = saved[max(saved)]
        try:
            state, arrays = _read(path)
            self._refuse_another(state["run"], identity(self.run))
        except (ValueError, KeyError) as error:
            raise _unfit(path, error) from None
        return {"state": np.array(json.dumps(state | {"path": str(path)})), **arrays}

    def _state(self) -> Iterator[tuple[str, np.ndarray]]:
        state = {"history": self.rows, "run": identity(self.run)}
        yield "state", np.array(json.dumps(state))
        for name, variable in _by_name(self.model).items():
            yield name, value(variable)
        if keras.backend.backend() == "torch":
            import torch

            # Unseeded dropout draws from PyTorch's own generator there.
            yield "torch_random", torch.get_rng_state().numpy()

    def _inherited(self) -> dict[int, Path]:
        if self.run.parent is None:
            return {}
        source = self.run.parent_run().path("checkpoints", self.run.parent["checkpoint"])
        if not source.is_file():
            raise UserError(
                f"{source}, from which {self.run.folder} starts, is gone.",
                "Start a new child from an existing checkpoint: kerastc train --from RUN",
            )
        try:
            state, arrays = _read(source)
            self._refuse_another(state["run"], identity(self.run.parent_run()))
        except (ValueError, KeyError) as error:
            raise UserError(f"{source} does not fit its run: {error}") from None
        state["run"] = identity(self.run)
        with self.run.writing("checkpoints", source.name) as path:
            write_arrays(path, [("state", np.array(json.dumps(state))), *arrays.items()])
        return self.run.checkpoints()

    @staticmethod
    def _refuse_another(found: str, expected: str) -> None:
        if found != expected:
            raise ValueError("it is from a run with other settings or data")


def identity(run: Run) -> str:
    """A SHA-256 of what a run's checkpoints depend on: its settings, the data, which part of it.

    Runs that agree in these have the same checkpoints.
    """
    config = dict(run.config) if run.path("config.json").exists() else {}
    known = {key: config.get(key) for key in ("config", "phase", "step")}
    if "fold" in config:
        known["fold"] = config["fold"]
    known["config"] = {k: v for k, v in (known["config"] or {}).items() if k != "data"}
    if run.path("data.json").exists():
        known["fingerprint"] = run.read_json("data.json")["fingerprint"]
    if run.inner:
        outer = Run(run.folder.parent.parent)
        known["of"] = identity(outer) if outer.path("config.json").exists() else outer.folder.name
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _unfit(path: Path, error: Exception) -> UserError:
    return UserError(
        f"{path} does not fit this run: {error}",
        f"Remove {path} to continue from the checkpoint before it, or {path.parent} to train again "
        "from the beginning.",
    )


def _read(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """The state and the arrays of a checkpoint.

    Raises:
        ValueError: if it is not a checkpoint.
    """
    arrays = read_arrays(path)
    if "state" not in arrays:
        raise ValueError("it has no state")
    try:
        state = json.loads(str(arrays.pop("state")))
    except RecursionError:
        raise ValueError("its state is nested too deeply") from None
    check(state, {"run": str, "history": [{"step": COUNT, "epoch": float}]})
    for row in state["history"]:  # a diverged training has NaN there
        if not all(isinstance(value, int | float) for value in row.values()):
            raise ValueError("its history holds something that is no number")
    return state, arrays


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """The model's variables in a checkpoint, by name, without the optimizer's.

    Raises:
        UserError: if the file is broken.
    """
    try:
        return read_arrays(path, "model/")
    except ValueError as error:
        raise UserError(f"{path} is no checkpoint: {error}") from None


def assign_weights(model: keras.Model, weights: dict[str, np.ndarray]) -> None:
    """Loads the result of `read_weights`, or a mean of several, into the model.

    Raises:
        ValueError: if they are from another model.
    """
    _assign(model_variables(model), weights)


def _name(step: int) -> str:
    return f"step-{step}.npz"


def _by_name(model: keras.Model) -> dict[str, keras.Variable]:
    return model_variables(model) | optimizer_variables(model)


def _assign(here: dict[str, keras.Variable], arrays: dict[str, np.ndarray]) -> None:
    if unlike := sorted(set(here) ^ set(arrays)):
        name = unlike[0]
        lacks = "the model has no" if name in arrays else "it lacks"
        raise ValueError(f"{lacks} {name} ({len(arrays)} variables there, {len(here)} here)")
    for name, variable in here.items():
        value = arrays[name]
        if tuple(variable.shape) != value.shape:
            raise ValueError(f"{name} is {tuple(variable.shape)}, there {value.shape}")
        if value.dtype.kind not in "biuf":
            raise ValueError(f"{name} is no array of numbers")
    for name, variable in here.items():
        variable.assign(arrays[name])

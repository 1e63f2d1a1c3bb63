"""Methods of several trainings: each has its own folder, and is done once.

A resumed run finds the finished ones and continues with the next. Results that depend only on
images and settings, such as an encoder trained without labels, are in the cache, where every run
with the same images and settings finds them.
"""

import csv
import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

from kerastc.data import Splits
from kerastc.errors import UserError
from kerastc.files import make_folder
from kerastc.models.loading import load_model
from kerastc.run import Run
from kerastc.training.variable_names import model_variables

DONE = "phase.json"


def phase(run: Run, name: str, model: keras.Model, work: Callable[[Run], dict[str, Any]]) -> dict:
    """Trains a model in a phase of a run, or gives it the weights that the phase left before.

    Args:
        run: its `phases/NAME` gets history, checkpoints and model.
        name: of the phase.
        model: the model to train.
        work: trains it in the given run, and returns figures as JSON.

    Returns:
        those figures.
    """
    return _once(Run(run.path("phases", name), run.cache), name, model, work)


def shared(
    run: Run,
    name: str,
    model: keras.Model,
    splits: Splits,
    settings: Mapping[str, Any],
    work: Callable[[Run], dict[str, Any]],
) -> dict:
    """The same for a phase that other runs can use: it is in the cache.

    Args:
        run, name, model, work: as in `phase`.
        splits: the data that it learns from.
        settings: everything else that its weights depend on, as JSON.
    """
    known = {
        "data": splits.as_dict()["fingerprint"],
        "rows": hashlib.sha256(
            splits.train_rows.tobytes() + b"|" + splits.unlabelled_rows.tobytes()
        ).hexdigest(),
        "backend": keras.backend.backend(),
        "model": hashlib.sha256(model.to_json().encode()).hexdigest(),
        **settings,
    }
    digest = hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()
    folder = Run(run.cache / "phases" / f"{name}-{digest[:16]}", run.cache)
    with _waiting(folder):
        return _once(folder, name, model, work, replace_damaged=True)


def join_histories(run: Run, names: Sequence[str]) -> None:
    """Writes the run's history.csv: those of its phases, one after the other.

    Args:
        run: whose phases are done.
        names: of phases whose histories have the same columns.
    """
    rows: list[dict[str, Any]] = []
    for name in names:
        before = {key: float(rows[-1][key]) if rows else 0.0 for key in ("step", "epoch")}
        for row in _history(run.path("phases", name, "history.csv"), rows):
            moved = {key: f"{float(row[key]) + before[key]:g}" for key in before}
            rows.append(row | moved)
    run.write_rows("history.csv", rows)


def _history(path: Path, earlier: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The rows of a phase's history.csv.

    Raises:
        UserError: if it is gone or damaged, or has other columns than the phases before it.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
        if not rows:
            raise ValueError("it has no rows")
        columns = set(earlier[0] if earlier else rows[0]) | {"step", "epoch"}
        for line, row in enumerate(rows, 2):
            if set(row) != columns or None in row.values():
                raise ValueError(f"line {line} has other columns than {', '.join(sorted(columns))}")
            # Diverged or missing figures are nan or empty; step and epoch never are.
            if not all(0 < float(row[key]) < math.inf for key in ("step", "epoch")):
                raise ValueError(f"line {line} has no step and epoch")
        return rows
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise UserError(
            f"{path} cannot be read as a history: {error}.",
            f"Remove {path.parent} to train that phase again.",
        ) from None


def _once(
    folder: Run, name: str, model: keras.Model, work, replace_damaged: bool = False
) -> dict[str, Any]:
    make_folder(folder.folder)
    if folder.path(DONE).is_file():
        try:
            _take_weights(model, folder.path("model.keras"))
            return folder.read_json(DONE)
        except UserError:
            if not replace_damaged:
                raise
    if not folder.path("config.json").is_file():
        folder.write_json("config.json", {"phase": name})
    figures = work(folder)
    with folder.writing("model.keras") as path:
        keras.Model(model.inputs, model.outputs, name=model.name).save(path)
    folder.write_json(DONE, figures)
    for checkpoint in folder.checkpoints().values():
        checkpoint.unlink()
    return figures


def _take_weights(model: keras.Model, path: Path) -> None:
    """Gives a model the weights, except for seeds, that a saved one has under the same names."""
    saved, here = (
        {name: v for name, v in model_variables(m).items() if v.name != "seed_generator_state"}
        for m in (load_model(path), model)
    )
    if {name: v.shape for name, v in saved.items()} != {name: v.shape for name, v in here.items()}:
        raise UserError(
            f"{path} is from another model than this phase trains.",
            f"Remove {path.parent} to train it again.",
        )
    for name, variable in here.items():
        variable.assign(saved[name])


@contextmanager
def _waiting(folder: Run) -> Iterator[None]:
    """Holds a folder of the cache, waiting for any other process at work in it."""
    make_folder(folder.folder)
    with folder.lock(waiting=True):
        yield

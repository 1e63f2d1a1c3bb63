"""Cross-validation: one training per fold, each in its own folder, then one that is kept.

A resumed run finds the finished folds and continues with the next. A finished fold keeps its
predictions, history and figures; its model and checkpoints are removed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.files import make_folder
from kerastc.npz_files import read_arrays, write_arrays
from kerastc.outputs.output import Answers
from kerastc.progress import tell, within
from kerastc.run import Run
from kerastc.tasks import task_named, task_of
from kerastc.training.checkpoints import identity
from kerastc.training.interim import remove_checkpoints, remove_model
from kerastc.training.trained import Trained

if TYPE_CHECKING:
    from kerastc.data.splits import Splits

DONE, ARRAYS = "fold.json", "held_out.npz"
SHARED = "with the same tokens as a training"  # in a note on a fold's test texts


@dataclass(frozen=True)
class HeldOut:
    """The predictions of a fold's model for the rows that it never saw.

    Args:
        test, baseline, flipped: answers, as in `Trained`; None without any.
        figures: of its training.
    """

    test: Answers
    baseline: Answers | None
    flipped: Answers | None
    figures: dict[str, Any]


def cross_validated(
    splits: "Splits",
    run: Run,
    train: Callable[["Splits", Run], Trained],
) -> Trained:
    """Trains once if the splits have no folds; else once for each fold, and once more.

    The last training is like that of a fold, on all rows: its validation part chooses the
    checkpoint, and no row is held out. Its reported figures are those of the folds' models.

    Args:
        splits: `train` gets those of a fold, or these unchanged.
        run: gets a folder for each fold under folds/, and the files of the last training.
        train: makes its own model and trains it, writing into the given run.

    Returns:
        the last training; `test` has the folds' predictions, a row for each of `splits.tested`.
    """
    if not splits.folds:
        return train(splits, run)
    count = len(splits.folds)
    held_out = [_fold(splits, number, run, train) for number in range(1, count + 1)]
    keras.utils.clear_session()
    tell(f"All folds are done. The model of the run: {_rows(splits)}")
    trained = train(splits, run)
    _note_shared(run, count)
    baseline = trained.baseline
    if baseline is not None:
        baseline = replace(baseline, test=_pooled(splits, [part.baseline for part in held_out]))
    return replace(
        trained,
        test=_pooled(splits, [part.test for part in held_out]),
        baseline=baseline,
        flipped=_pooled(splits, [part.flipped for part in held_out]),
        folds=tuple(part.figures for part in held_out),
    )


def _fold(splits, number: int, run: Run, train) -> HeldOut:
    folder = Run(run.path("folds", str(number)), run.cache)
    make_folder(folder.folder)
    if folder.path(DONE).is_file():
        _tidy(folder)  # if it was stopped right after its end
        return _read(folder, splits, number)
    part = splits.of_fold(number)
    if not folder.path("config.json").is_file():
        folder.write_json("config.json", {"fold": number})
    keras.utils.clear_session()
    folder.write_json("data.json", part.as_dict())
    title = f"Fold {number} of {len(splits.folds)}"
    tell(f"{title}: {_rows(part)}, {len(part.test):,} held out")
    with within(title):
        trained = train(part, folder)
    baseline = trained.baseline and trained.baseline.test
    task = task_of(folder)
    output = task.output(splits.data.classes)
    answers = {"test": trained.test, "baseline": baseline, "flipped": trained.flipped}
    with folder.writing(ARRAYS) as path:
        write_arrays(
            path,
            [
                (f"{name}_{part}", array)
                for name, of in answers.items()
                if of is not None
                for part, array in output.stored(of).items()
            ],
        )
    done = {"of": identity(folder), "task": task.name, "figures": trained.figures}
    folder.write_json(DONE, done)
    _tidy(folder)
    return _read(folder, splits, number)


def _read(folder: Run, splits, number: int) -> HeldOut:
    """Reads the results of a finished fold.

    Raises:
        UserError: if it is damaged, or from another run.
    """
    again = f"Remove {folder.folder} to train the fold again."
    told = folder.read_json(DONE)
    if told["of"] != identity(folder):
        raise UserError(f"{folder.folder} is from a run with other settings or data.", again)
    path = folder.path(ARRAYS)
    output = task_named(told["task"], folder.path(DONE)).output(splits.data.classes)
    found = []
    try:
        arrays = read_arrays(path)
        for name in ("test", "baseline", "flipped"):
            start = f"{name}_"
            stored = {k.removeprefix(start): a for k, a in arrays.items() if k.startswith(start)}
            there = stored or name == "test"
            rows = len(splits.folds[number - 1].test)
            found.append(output.of_stored(stored, rows) if there else None)
    except (ValueError, LookupError) as error:
        raise UserError(f"{path} is no fold's predictions: {error}", again) from None
    return HeldOut(*found, dict(told["figures"]))


def _tidy(folder: Run) -> None:
    """Removes files that only the training needed."""
    remove_model(folder)
    folder.path("preprocessing.json").unlink(missing_ok=True)
    remove_checkpoints(folder)


def _pooled(splits, parts: list[Answers | None]) -> Answers | None:
    """The folds' rows in the order of all rows; None if a fold has none."""
    if any(part is None for part in parts):
        return None
    order = np.argsort(np.concatenate([fold.test for fold in splits.folds]))
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)[order]
    every = [answer for part in parts for answer in part]
    return [every[row] for row in order]


def _rows(splits) -> str:
    return f"{len(splits.train):,} rows to train on, {len(splits.validation):,} to choose by"


def _note_shared(run: Run, count: int) -> None:
    """Reports how many held-out texts have the tokens of a training text of their fold."""
    known, what = 0, ""
    for number in range(1, count + 1):
        path = f"folds/{number}/data.json"
        notes = run.read_json(path).get("notes", {}) if run.path(path).is_file() else {}
        for note, rows in notes.items():
            if note.startswith("test ") and SHARED in note:
                known, what = known + rows, note.removeprefix("test ")
    if known:
        tell(f"{known:,} held-out {what.replace('with', 'have', 1)} of their fold.")
        described = run.read_json("data.json")
        notes = described.get("notes", {}) | {f"held-out {what}": known}
        run.write_json("data.json", described | {"notes": notes})

"""Runs a recipe, or those of a study, with many settings, alone or with other workers."""

import hashlib
import json
import math
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastc import files, launch
from kerastc.backend import backend_name, choose_backend
from kerastc.errors import UserError, nearest
from kerastc.folders import Folders
from kerastc.found_runs import is_run
from kerastc.progress import console, tell
from kerastc.run import Run
from kerastc.scores.figures import Figure
from kerastc.sweep.result import Sweep, Trial
from kerastc.sweep.storage import sqlite_url, storage_errors_told
from kerastc.sweep.study import SharedStudy
from kerastc.sweep.swept import Swept, SweptRecipe, Training
from kerastc.sweep.swept_study import SweptStudy

if TYPE_CHECKING:
    import optuna

HEARTBEAT = 20  # seconds; a killed worker's trial is taken over after three of them


def sweep(
    recipe: str | None,
    words: Sequence[str],
    *,
    folders: Folders,
    study: str | None = None,
    name: str | None = None,
    storage: str | None = None,
    trials: int | None = None,
    objective: str | None = None,
    teacher: str = "",
    backend: str | None = None,
    heartbeat: int = HEARTBEAT,
    despite_changes: bool = False,
    moved: Sequence[str] = (),
) -> Sweep:
    """Works on a sweep until each of its trials has ended, here or elsewhere.

    The same call again resumes where the last one stopped: finished trials are kept, failed ones
    are tried again. Several processes or machines that make the same call share the trials.

    Args:
        recipe: a recipe's name or path; None for a study.
        words: for `kerastc.sweep.space.parse`, or `SweptStudy.read`.
        folders: runs go to RUNS/RECIPE/sweeps/NAME/, or RUNS/STUDY/sweeps/NAME/; pretraining
            without labels and features are shared through the cache.
        study: a study's name or file, instead of a recipe.
        name: of the sweep; by default made from the swept fields and a hash of its definition.
        storage: Optuna storage URL; by default a SQLite file in the sweep's folder, which needs
            a local disk: on network file systems its locks cannot be trusted.
        trials: how many in all. Ranges need it; from a grid so many are drawn at random.
        objective: name of the deciding figure on validation data, never on test data; by default
            the main figure of the recipe's task; in a study of several tasks, of each.
        teacher: whose figures the others are to keep, as for `compare`; it may change.
        backend: tensorflow, jax or torch.
        heartbeat: seconds between signs of life of a worker.
        despite_changes: trials resume under other versions than they began with.
        moved: where the data are now, as for `launch.train`; the words stay those of the study.

    Raises:
        UserError: for every user error, before any trial; if all trials failed; and with how to
            resume, if the sweep was stopped.
    """
    swept = SweptRecipe.read(recipe, words) if recipe else None
    swept = swept or SweptStudy.read(study, words, folders.state)
    figures = swept.figures(objective)
    definition = swept.definition() | {
        "objective": _deciding(figures),
        "backend": backend_name(backend),
    }
    name = _name(name, swept.keys, definition)
    plan = swept.plan(trials, name)
    _check_teacher(teacher, plan)
    for note in swept.notes:
        tell(note)
    choose_backend(definition["backend"])
    folder = folders.runs / swept.folder / "sweeps" / name
    _make(folder)
    storage = storage or sqlite_url(folder / "study.db")
    shared = SharedStudy(
        name,
        storage,
        definition,
        plan,
        maximize=(next(iter(figures.values())).higher,),  # a plan of several needs no direction
        heartbeat=heartbeat,
    )
    changes = {"despite_changes": despite_changes, "moved": moved}
    worker = _Worker(shared, swept, folder, folders, objective, definition["backend"], changes)
    try:
        with storage_errors_told(storage):
            worker.work()
            result = replace(worker.result(), teacher=teacher)
    except KeyboardInterrupt:
        raise UserError(
            f"Stopped. The finished trials are kept, and the last one can resume: {folder}",
            "Give the same command again to resume.",
        ) from None
    finally:
        shared.close()
    _write(result)
    if not result.of("finished"):
        first, *others = result.of("failed")
        raise UserError(
            f"Each of the {len(others) + 1} trials failed. The first, {first}: {first.error}",
            "The same command tries them again.",
        )
    return result


@dataclass(frozen=True)
class _Worker:
    """One process's part of a study."""

    study: SharedStudy
    swept: Swept
    folder: Path
    folders: Folders
    objective: str | None
    backend: str
    changes: Mapping[str, Any]

    def work(self) -> None:
        """Runs trials until the plan has none left, waiting for those of others."""
        self.study.retry_failed()
        for trial in self.study.claimed():
            began = time.time()
            drawn = self.swept.draw(trial)
            if console().is_terminal:
                console().print(f"Now {_told(drawn)}", style="dim", markup=False, soft_wrap=True)
            values = partial(self._values, trial.user_attrs["slot"], drawn)
            reached = self.study.carry_out(trial, values)
            failed = isinstance(reached, str)
            figure = self._figure(drawn).name
            outcome = f"failed: {reached}" if failed else f"{figure} {reached[0]:.4f}"
            self._tell(drawn, outcome, time.time() - began)
            _free_memory()

    def result(self) -> Sweep:
        """The current state of the study."""
        figure = next(iter(self.swept.figures(self.objective).values()))
        return Sweep(
            folder=self.folder,
            study=self.study.name,
            storage=self.study.url,
            recipe=self.swept.name,
            backend=self.backend,
            fixed=self.swept.fixed,
            objective=figure.name if self.swept.compared else None,
            maximize=figure.higher if self.swept.compared else None,
            trials=tuple(self._trial(*found) for found in sorted(self.study.latest().items())),
        )

    def _figure(self, drawn: Mapping[str, str]) -> Figure:
        return self.swept.figure(drawn, self.objective)

    def _run_folder(self, slot: int, drawn: Mapping[str, Any]) -> Path:
        """The run of a trial, the same at every attempt."""
        told = re.sub(r"[^\w.=,+-]+", "_", _told(drawn).replace(" ", ","), flags=re.ASCII)
        return self.folder / f"{slot:03d}-{told[:100]}"

    def _values(self, slot: int, drawn: Mapping[str, str]) -> list[float]:
        """Trains or resumes the trial's run, and reads the objective."""
        run = self._trained(self._run_folder(slot, drawn), self.swept.training(drawn))
        name = self._figure(drawn).name
        value = run.read_json("metrics.json").get("validation", {}).get(name)
        if not isinstance(value, int | float):
            raise UserError(f"{run.path('metrics.json')} has no validation {name}.")
        if not math.isfinite(value):
            raise UserError(f"The validation {name} is {value}: the training diverged.")
        return [float(value)]

    def _trained(self, folder: Path, training: Training) -> Run:
        while True:
            # A worker taken for dead, such as one that lost its database, may still be at work
            # on this run: then its end is this trial's.
            while _held(folder):
                time.sleep(self.study.heartbeat / 4)
            try:
                return launch.train(
                    training.recipe,
                    training.words,
                    folders=self.folders,
                    folder=folder,
                    resume=True,
                    backend=self.backend,
                    study=training.study,
                    **self.changes,
                )
            except UserError as error:
                if isinstance(error.__context__, KeyboardInterrupt):
                    raise KeyboardInterrupt from None
                if not _held(folder):
                    raise

    def _trial(self, slot: int, trial: "optuna.trial.FrozenTrial") -> Trial:
        state = {"COMPLETE": "finished", "RUNNING": "running"}.get(trial.state.name, "waiting")
        error = trial.user_attrs.get("error")
        drawn = self.swept.texts({**self.study.plan.get(slot, {}), **trial.params})
        return Trial(
            number=slot,
            words=tuple(f"{key}={text}" for key, text in drawn.items()),
            state="failed" if error else state,
            objective=self._figure(drawn).name,
            value=trial.value if state == "finished" else None,
            run=self._run_folder(slot, drawn),
            error=error,
        )

    def _tell(self, drawn: Mapping[str, str], outcome: str, seconds: float) -> None:
        result = self.result()
        total = len(self.study.plan)
        parts = [
            f"[{total - len(self.study.open_slots())}/{total}] {_told(drawn)}",
            outcome,
            f"best {result.highest.value:.4f}" if result.highest else "",
            f"{seconds:.0f} s",
        ]
        text = "   ".join(part for part in parts if part)
        console().print(text, markup=False, highlight=False, soft_wrap=True)


def _check_teacher(teacher: str, plan: Mapping[int, Mapping[str, str]]) -> None:
    """Refuses a teacher that is neither a run nor a value of the plan, before anything is run."""
    values = dict.fromkeys(text for row in plan.values() for text in row.values())
    if teacher and teacher not in values and not is_run(Path(teacher)):
        raise UserError(
            f"--teacher {teacher}: it is neither a run nor a value of this sweep.",
            nearest(teacher, values) or f"Its values are {', '.join(values)}." * bool(values),
        )


def _deciding(figures: Mapping[str, Figure]) -> str:
    """The deciding figure in words: of all recipes, or of each."""
    names = {figure.name for figure in figures.values()}
    if len(names) == 1:
        return names.pop()
    return ", ".join(f"{figure.name} of {recipe}" for recipe, figure in figures.items())


def _name(given: str | None, keys: Sequence[str], definition: Mapping[str, Any]) -> str:
    if given is None:
        keys = "-".join(key.rpartition(".")[2] for key in keys)
        digest = hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()
        return f"{keys[:50]}-{digest[:8]}"
    if not re.fullmatch(r"\w[\w.+-]{0,99}", given):
        raise UserError(
            f"--name {given!r} cannot name a folder.",
            "Use letters, digits, '.', '_', '+' and '-', beginning with a letter or digit.",
        )
    return given


def _make(folder: Path) -> None:
    try:
        files.make_folder(folder)
    except OSError as error:
        raise UserError(
            f"{folder} cannot be made: {error.strerror}.", "Give another folder with --runs DIR."
        ) from None


def _write(result: Sweep) -> None:
    try:
        result.write()
    except OSError as error:
        raise UserError(
            f"The report of {result.folder} cannot be written: {error.strerror}.",
            "Make room (or give write access); the same command then writes it.",
        ) from None


def _held(folder: Path) -> bool:
    """Whether another process is at work on a run."""
    if not folder.is_dir():
        return False
    try:
        with Run(folder).lock():
            return False
    except UserError:
        return True


def _free_memory() -> None:
    """Drops the trial's model and graphs before the next one builds its own."""
    if "keras" in sys.modules:  # its own garbage collection included
        sys.modules["keras"].utils.clear_session()


def _told(drawn: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={text}" for key, text in drawn.items())

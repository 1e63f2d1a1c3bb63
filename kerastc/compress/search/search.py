"""`kerastc compress --within`: searches for the cheapest chain of steps within a budget.

Trials are chains that an Optuna study with two objectives draws: the figure that the budget
limits, and the cost. TPE models the axes jointly and as ordered (multivariate), with what a chain
may lose beyond the budget as its constraint, starting from a few chains known to be good. With
formulas for accuracy and size in place of training, mean of 10 seeds: those chains gave 7.5 MB; 22
more brought it to 5.2 MB, or to 7.1 when drawn at random or by NSGA-II.

The products of a trial are kept under RUN/compressed/search for every later search of the run:
models after each step in steps/; files, their figures and their answers for each row in trials/.
Only one search can run there at a time. For which chain is taken see
`kerastc.compress.search.result`.

Reference: Watanabe 2023, Tree-Structured Parzen Estimator; Ozaki et al. 2022, Multiobjective
Tree-Structured Parzen Estimator.
"""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastc import files, launch, resuming
from kerastc.backend import choose_backend
from kerastc.compress.pipeline import (
    DataOf,
    compress,
    create,
    data_of,
    default_folder,
    original_of,
    source_run,
)
from kerastc.compress.search.budget import Budget
from kerastc.compress.search.chain_study import STUDIES, ChainStudy
from kerastc.compress.search.result import FILE, GOALS, Search, Trial
from kerastc.compress.steps.parse import parse
from kerastc.errors import UserError, nearest
from kerastc.folders import Folders
from kerastc.run import Run
from kerastc.scores.pairs import Judged
from kerastc.sweep.storage import load_optuna
from kerastc.tasks import output_of, task_of

if TYPE_CHECKING:
    from kerastc.compress.search.chains import Chains
    from kerastc.compress.search.space import Space
    from kerastc.compress.search.trial import Measure

FOLDER = ("compressed", "search")


def search(
    parent: Path,
    words: Sequence[str] = (),
    *,
    within: str,
    goal: str = "size",
    trials: int = 20,
    epochs: int = 1,
    folders: Folders,
    backend: str | None = None,
    measure: "Measure | None" = None,
    despite_changes: bool = False,
    moved: Sequence[str] = (),
) -> Search:
    """Searches for the cheapest chain of steps within a budget, and makes a child run from it.

    The same call resumes a stopped search, and adds trials to a finished one. Only validation
    rows decide; the test rows are used once, for the run of the chosen chain.

    Args:
        parent: a finished run.
        words: steps with which every chain starts.
        within: the most that a chain may lose on validation, against the first run of the line:
            `accuracy=0.01`, or another figure of the run's output.
        goal: what to minimise, one of `GOALS`.
        trials: how many chains are tried, no two alike.
        epochs: of training that a chain may have; 0 for none.
        folders: where caches are.
        backend: tensorflow, jax or torch; of the steps.
        measure: measures exported files; by default `kerastc benchmark`.
        despite_changes: as for `compress`.
        moved: as for `compress`.

    Returns:
        all that was found. If no chain is shown to keep to the budget, it has no `chosen` and no
        `result`.

    Raises:
        UserError: for a user's error, before any work; if all trials failed; if it was stopped,
            with the command that resumes it.
    """
    _check(goal, trials, epochs)
    source = source_run(parent, folders)
    budget = Budget.parse(within, task_of(source).output.figures)
    _check_first(words, source)
    load_optuna()
    of = data_of(source, despite_changes, moved)
    load, config = of.load, of.config
    original = original_of(source)
    judged = _judged(original)
    choose_backend(backend)
    from kerastc.compress.search.chains import Chains  # these import Keras
    from kerastc.compress.search.trial import Trials, measured
    from kerastc.compress.subject import Subject

    command = ["kerastc", "compress", str(source.folder), *words, "--within", str(budget)]
    command += ["--for", goal, "--trials", str(trials), "--epochs", str(epochs)]
    command += ["--backend", backend] if backend else []
    command += resuming.given(moved, despite_changes)
    folder = _Folder(source.path(*FOLDER), shlex.join(command), folders.cache)
    with folder.lock():  # held until the end: another search could make the same run
        with launch.whole(folder), launch.computing(folder, config, backend):
            if not folder.path("data.json").is_file():
                folder.write_json("data.json", source.read_json("data.json"))
            splits = load(config, folder)  # compares the data with that
            _check_rows(splits.validation.labels, judged, original)
            subject = partial(Subject, source, original, config, splits)
            chains = Chains(folder.path("steps"), source, original, subject)
            tried = Trials(folder.path("trials"), chains, measure or measured)
            space = _space(chains, words, epochs)
            study = ChainStudy(folder, tried, space, budget, goal, judged)
            study.search(trials)
            found = study.timed_together()
        if found.chosen is None:
            return found
        changes = {"despite_changes": despite_changes, "moved": moved}
        run = _finished(found.chosen, chains, folders, backend, of, changes)
        if not run.path("benchmark.json").is_file():
            tried.measure([run.path(*FILE)], None)
        figures = run.read_json("metrics.json")[run.judged_on]
        result = {"run": run.folder, run.judged_on: figures}
        found = replace(found, result=result)
        study.write(found)
    return found


def _judged(original: Run) -> Judged:
    """The answers of the first run of a line for its validation rows."""
    from kerastc.report.record import read_record

    found = read_record(original.folder).predictions_of("validation")
    if found is None:
        raise UserError(
            f"{original.folder} has no predictions/validation.csv, with which chains are compared "
            "row by row.",
            "A recipe writes it by report.conclude.",
        )
    return Judged(output_of(original), found)


def _check_rows(labels: Sequence[Any], judged: Judged, original: Run) -> None:
    truth = judged.said.truth
    if len(labels) != len(truth) or not all(map(np.array_equal, labels, truth)):
        raise UserError(
            f"{original.folder} was measured on other validation rows than its data give now.",
            "Train it again: a chain is compared with it row by row.",
        )


def _check(goal: str, trials: int, epochs: int) -> None:
    if goal not in GOALS:
        raise UserError(
            f"--for {goal} is not known; there are: {', '.join(GOALS)}.", nearest(goal, GOALS)
        )
    if trials < 1:
        raise UserError(f"--trials {trials}: at least 1 is needed.")
    if epochs < 0:
        raise UserError(f"--epochs {epochs}: give 0 for no training, or more.")


def _check_first(words: Sequence[str], source: Run) -> None:
    """The steps that every chain starts with."""
    steps = parse(words) if words else []
    for step in steps:
        step.check_run(task_of(source).capabilities)
    if steps and steps[-1].name == "quantize":
        raise UserError(
            f"{words[-1]} comes before --within, which itself chooses how to quantize.",
            "Leave it out: the steps that you give come first in every chain.",
        )


def _space(chains: "Chains", words: Sequence[str], epochs: int) -> "Space":
    from kerastc.compress.search.axes import space_of
    from kerastc.models.loading import load_model

    begin = chains.model_after(words)
    compressed = takewhile(lambda run: run.steps, chains.source.line())
    done = [*words, *(step for run in compressed for step in run.steps)]
    subject = chains.subject()
    subject.input.read(begin)
    model, has = load_model(begin.required("model.keras")), subject.task.capabilities
    return space_of(model, subject.input, has, words, done, epochs)


class _Folder(Run):
    """RUN/compressed/search: not a run, but locked and resumed like one."""

    busy_hint = "Wait for it to end; then the same command uses its trials."

    def __init__(self, folder: Path, command: str, cache: Path):
        super().__init__(folder, cache)
        files.make_folder(self.folder)
        self.command = command

    @property
    def resume_command(self) -> str:
        return self.command

    @property
    def how_to_go_on(self) -> str:
        return f"Go on with it: {self.command}"

    @property
    def begun(self) -> bool:
        return self.path(STUDIES).is_file() or any(self.folder.glob("trials/*/trial.json"))

    def standing(self) -> str:
        return f"after {len(list(self.folder.glob('trials/*/trial.json')))} trials"


def _finished(
    chosen: Trial, chains: "Chains", folders, backend: str | None, of: DataOf, changes
) -> Run:
    """The child run of the chosen chain, with its test figures."""
    folder = default_folder(chains.source, chosen.words)
    if not folder.is_dir():
        run = create(chains.source, chosen.words, folder, folders, of)
        chains.lay_out(chosen.words[:-1], run)
    return compress(
        None, (), folders=folders, folder=folder, resume=True, backend=backend, **changes
    )

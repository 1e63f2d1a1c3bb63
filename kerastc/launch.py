"""Starts a recipe in a new run, or resumes a stopped one."""

import resource
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from kerastc import (
    files,
    lineage,
    locations,
    manifest,
    provenance,
    recipe,
    resuming,
    settings,
    trust,
)
from kerastc.backend import backend_name, choose_backend, make_deterministic, precision
from kerastc.errors import UserError
from kerastc.folders import Folders
from kerastc.interrupts import told_how_to_resume
from kerastc.processes import agreement, limits
from kerastc.processes.place import leave
from kerastc.run import Run
from kerastc.unfinished import to_resume


def train(
    name: str | None,
    overrides: Sequence[str] = (),
    *,
    folders: Folders,
    folder: Path | None = None,
    resume: bool = False,
    parent: Path | None = None,
    backend: str | None = None,
    despite_changes: bool = False,
    moved: Sequence[str] = (),
    study: Mapping[str, Any] | None = None,
) -> Run:
    """Runs a recipe to its end.

    Args:
        name: a recipe's name or path; may be None when resuming, or with a parent.
        overrides: `key=value` words.
        folders: where runs and caches are.
        folder: the run's folder; by default a new one named by the time, or the newest unfinished
            run of the recipe when resuming, or the only one of all.
        resume: go on with the run in `folder`; starts it where it does not exist yet.
        parent: a run, or one of its checkpoints, from which a child run continues with the parent's
            hyperparameters, changed by the overrides as far as its recipe allows.
        backend: tensorflow, jax or torch.
        despite_changes: resume under another recipe or other versions than the run began with.
        moved: where the run's data are now: `NEW`, or `KEY=NEW` for a setting other than `data`.
        study: the study that a new run belongs to: `name`, `sha256`, and the `settings` that come
            from the study alone.

    Raises:
        UserError: for every user error, before any work; for a recipe script that the user has
            never named; and with the command that resumes, if the run was stopped by Ctrl-C, a
            full disk or the like.
    """
    if resume:
        folder = folder or to_resume(folders, name).folder
        if name is None or (folder / "config.json").is_file():
            return _resume(folder, name, overrides, folders, backend, despite_changes, moved)
    origin = lineage.origin(parent) if parent else None
    if origin and name is None:
        script = trust.recipe_of(origin.run, folders.state)
    else:
        script = recipe.find(_required(name))
    module = script.load()
    trust.remember(script, folders.state)
    if origin:
        differences = provenance.check_parent(origin.run, script, despite_changes)
        config = origin.child_config(script, module.Config, overrides)
        config = locations.located(config, origin.run, moved)
        backend = origin.backend(backend)
    else:
        config = locations.configured(module.Config, overrides, moved)
        backend = backend_name(backend)
        locations.require(config)
    backend = _early(backend)
    limits.require(config, backend)
    changed = settings.changed(config)
    # A folder named by the time is next to this one.
    place = folder or folders.runs / script.stem / "run"
    named = {
        "recipe": script.stem if script.name == script.stem else str(script.path.resolve()),
        "recipe_sha256": trust.digest(script),
        "command": _command(script, config, changed, backend, origin),
        "config": config.model_dump(mode="json"),
        "locations": locations.recorded(config, place),
        "changed": sorted(changed),
    }
    if study:
        named["study"] = dict(study)
    if origin:
        named["parent"] = origin.as_dict(place)
        if differences:
            named["despite"] = differences
    if folder is None:
        run = Run.create_in(folders.runs / script.stem, named, folders.cache)
    else:
        run = Run.create(folder, named, folders.cache)
    if origin and origin.run.path("data.json").is_file():  # what the recipe reads is compared
        run.write_json("data.json", origin.run.read_json("data.json"))
    return _work(module, config, run, backend)


def read_data(module: ModuleType, config: settings.Config, run: Run) -> Any:
    """A recipe's splits, described in the run; needs no backend.

    Raises:
        UserError: if they cannot be read, or are not those that the run began with.
    """
    splits = module.load(config, run)
    explore = getattr(module, "explore", None)
    run.describe_data(splits, explore(splits) if explore else None)
    return splits


def _resume(folder, name, overrides, folders, backend, despite_changes, moved) -> Run:
    run = Run.open(folder, folders.cache)
    stored = run.config
    if "steps" in stored:
        hint = f"Look at it: {resuming.look(run)}" if run.finished else run.how_to_go_on
        raise UserError(f"{folder} is a compressed run.", hint)
    if run.finished and not (name or overrides or backend):
        return run
    if name is None:
        script = trust.recipe_of(run, folders.state)
    else:
        script = recipe.find(name)
        if not recipe.same(script, stored["recipe"]):
            raise UserError(f"{folder} is a run of {stored['recipe']}, not of {name}.")
    module = script.load()
    trust.remember(script, folders.state)
    config = provenance.settings_of(run, module.Config)
    _refuse_changes(settings.configure(module.Config, overrides, stored["config"]), config, run)
    backend = resuming.backend_of(run, backend)
    if run.finished:
        return run
    run.resume_options = resuming.given(moved, despite_changes)
    provenance.check(run, script, despite_changes)
    config = locations.located(config, run, moved)
    locations.remember(config, run, moved)
    backend = _early(backend)
    limits.require(config, backend)
    return _work(module, config, run, backend)


def _early(backend: str | None) -> str:
    """The name of an available backend, which is imported later."""
    return choose_backend(backend) if "keras" in sys.modules else backend_name(backend)


def _work(module: ModuleType, config: settings.Config, run: Run, backend: str) -> Run:
    with whole(run):
        if not hasattr(module, "train"):
            with computing(run, config, backend):
                module.run(config, run)
            return run
        splits = read_data(module, config, run)
        agreement.agree_on(config, run, backend)
        with computing(run, config, backend):
            from kerastc import report, training

            trained = training.cross_validated(
                splits, run, lambda part, folder: module.train(part, config, folder)
            )
            if not leave().first:
                return run
            report.conclude(run, splits, trained)
            if hasattr(module, "afterwards"):
                module.afterwards(config, run)
    return run


@contextmanager
def computing(run: Run, config: settings.Config, backend: str | None = None) -> Iterator[None]:
    """Sets up all work with Keras: the backend, its determinism, the precision.

    Args:
        run: receives environment.json.
        config: gives seed and precision.
        backend: as for `choose_backend`.
    """
    choose_backend(backend)
    make_deterministic()
    if not run.path("environment.json").is_file():
        run.describe_environment(config.seed)
    with precision(getattr(config, "precision", "float32")):
        yield


@contextmanager
def whole(run: Run) -> Iterator[None]:
    """Wraps the work on a run: its lock, the message when it is stopped, its end.

    Args:
        run: is finished when the block succeeds.

    Raises:
        UserError: also if it was stopped from outside, with the command that resumes. An error
            before there is anything to resume removes what this process made of the folder.
    """
    began = time.time()
    with told_how_to_resume(run), run.lock():
        with _no_trace(run):
            yield
        run.write_json(
            "finished.json",
            {
                "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
                "seconds": round(time.time() - began, 1),
                "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                "files": manifest.digests(run.folder),
            },
        )


@contextmanager
def _no_trace(run: Run) -> Iterator[None]:
    """Removes what this process made of a run that was refused before its work began."""
    try:
        yield
    except UserError:
        if not run.begun:
            files.take_back(run.folder)
        raise


def _refuse_changes(given: settings.Config, stored: settings.Config, run: Run) -> None:
    """A resumed run keeps its hyperparameters: words that repeat them are fine, others are not."""
    before = settings.flat(stored)
    for key, value in settings.flat(given).items():
        # Settings that come with another method are covered by the field that chooses it.
        if key in before and value != before[key] and not locations.same(run, key, value):
            raise UserError(
                f"{run.folder} has {key}={before[key]}, not {value}; a resumed run keeps its "
                "hyperparameters.",
                "Leave the override out, or start a new run with it. What was moved is given by "
                "--data NEW.",
            )


def _command(
    script: recipe.Recipe,
    config: settings.Config,
    changed: Mapping[str, Any],
    backend: str,
    origin: lineage.Origin | None,
) -> str:
    """The command line that repeats a run: all that is not the default, or not the parent's."""
    if origin:
        values = settings.flat(config)
        before = settings.flat(settings.validate(type(config), origin.run.config["config"]))
        moved = locations.recorded(config, Path())
        words = []
        for key, value in values.items():
            if value != before[key]:
                words += ["--data"] if key in moved else []  # its parent's, moved
                words.append(settings.word(key, value))
        return shlex.join(["kerastc", "train", "--from", str(origin.checkpoint), *words])
    words = [settings.word(key, value) for key, value in changed.items() if key != "seed"]
    options = ["--backend", backend, "--seed", str(config.seed)]
    return shlex.join(["kerastc", "train", script.name, *words, *options])


def _required(name: str | None) -> str:
    if name is None:
        raise UserError("Which recipe?", "See them: kerastc recipes")
    return name

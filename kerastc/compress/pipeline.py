"""`kerastc compress`: a run in, the steps in their order, a smaller run out."""

import hashlib
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kerastc import launch, locations, parents, provenance, resuming, settings, trust
from kerastc.backend import backend_name
from kerastc.compress.steps.parse import parse
from kerastc.errors import UserError
from kerastc.folders import Folders, state_folder
from kerastc.progress import tell
from kerastc.run import Run
from kerastc.tasks import task_of

LONGEST = 120  # characters of a folder's name


def compress(
    parent: Path | None,
    words: Sequence[str],
    *,
    folders: Folders,
    folder: Path | None = None,
    resume: bool = False,
    backend: str | None = None,
    despite_changes: bool = False,
    moved: Sequence[str] = (),
) -> Run:
    """Applies steps to a finished run's model and writes the result as a child run.

    Args:
        parent: the run; None when resuming.
        words: the steps, as `kerastc.compress.steps.parse.parse` reads them.
        folders: where caches are.
        folder: of the child; by default PARENT/compressed/STEPS.
        resume: continue the child in `folder` after its last finished step.
        backend: tensorflow, jax or torch.
        despite_changes: continue although the recipe or library versions have changed.
        moved: where the run's data are now, as in `launch.train`.

    Raises:
        UserError: for a user's error, before any work; for a step that does not apply.
    """
    run = None
    if resume:
        run = Run.open(_given(folder or parent), folders.cache)
        words = run.steps
        if not words:
            raise UserError(
                f"{run.folder} is not a compressed run.",
                "Compress it: kerastc compress RUN STEP..." if run.finished else run.how_to_go_on,
            )
        steps = parse(words)
        if run.finished:
            return run
        source = run.parent_run()
        run.resume_options = resuming.given(moved, despite_changes)
        backend = resuming.backend_of(run, backend)
    else:
        steps = parse(words)
        source = source_run(_given(parent), folders)
        for step in steps:
            step.check_run(task_of(source).capabilities)
    of = data_of(run or source, despite_changes, moved)
    load, config = of.load, of.config
    backend_name(backend)
    if run:
        locations.remember(config, run, moved)
    run = run or create(source, words, folder, folders, of)
    with launch.whole(run), launch.computing(run, config, backend):
        _work(run, source, load, config, list(zip(words, steps, strict=True)))
    return run


def compressed(parent: Run, words: str, data: str = "") -> Run:
    """The child of a run for some steps, in its default folder: made, resumed, or as it is.

    Args:
        parent: a run with a final model; its own recipe may still be running.
        words: the steps, separated by spaces.
        data: where the parent's data are now; empty if they did not move.
    """
    steps = words.split()
    folder = default_folder(parent, steps)
    return compress(
        parent.folder,
        steps,
        folders=Folders(cache=parent.cache),
        folder=folder,
        resume=folder.is_dir(),
        backend=parent.read_json("environment.json")["backend"],
        moved=[data] if data else (),
    )


def original_of(run: Run) -> Run:
    """The original run at the start of a compressed run's line.

    Raises:
        UserError: a run is its own ancestor.
    """
    return next(ancestor for ancestor in run.line() if not ancestor.steps)


def _given(folder: Path | None) -> Path:
    if folder is None:
        raise UserError("Which run?", "kerastc compress RUN STEP...")
    return folder


def source_run(parent: Path, folders: Folders) -> Run:
    """A run that can be compressed.

    Raises:
        UserError: it has no final model, or only a quantized file.
    """
    source = Run.open(parent, folders.cache)
    if not source.path("metrics.json").is_file():
        raise UserError(
            f"{source.folder} is {source.standing()}: it has no final model.",
            source.how_to_go_on,
        )
    if any(word.startswith("quantize") for word in source.steps):
        raise UserError(
            f"{source.folder} ends in a quantized file, which no step can change.",
            f"Give its parent: {source.parent['run']}",
        )
    task_of(source).refuse(source, "compressed")
    original_of(source)
    return source


@dataclass(frozen=True)
class DataOf:
    """How to load a run's data again.

    Args:
        load: the recipe's function.
        config: its argument, with every file's present path.
        recipe_sha256: of the present recipe.
        differences: how it differs from the run's recipe, where the user has agreed.
    """

    load: Callable[[settings.Config, Run], Any]
    config: settings.Config
    recipe_sha256: str
    differences: Sequence[str] = ()


def data_of(source: Run, despite_changes: bool = False, moved: Sequence[str] = ()) -> DataOf:
    """Finds how to load a run's data again.

    Args:
        source: a finished run, or a child to resume.
        despite_changes: as in `compress`.
        moved: as in `compress`.

    Raises:
        UserError: the recipe has no `load`, has changed, or is a script that the user has never
            named; or the data are gone.
    """
    script = trust.recipe_of(source, state_folder())
    differences: Sequence[str] = ()
    if source.finished or not source.steps:
        differences = provenance.check_parent(source, script, despite_changes)
    else:
        provenance.check(source, script, despite_changes)
    module = script.load()
    if not callable(getattr(module, "load", None)):
        raise UserError(
            f"{script.path} has no `def load(config, run)`, which loads a run's data again.",
            "See recipes/text.py.",
        )
    config = provenance.settings_of(source, module.Config)
    config = locations.located(config, source, moved)
    load = partial(launch.read_data, module)
    return DataOf(load, config, trust.digest(script), differences)


def create(
    source: Run,
    words: Sequence[str],
    folder: Path | None,
    folders: Folders,
    of: DataOf | None = None,
) -> Run:
    """A new child run; by default PARENT/compressed/STEPS.

    Args:
        source: its parent.
        words: the steps.
        folder: of the child.
        folders: where caches are.
        of: how to load its data; a trial of a search needs none.

    Raises:
        UserError: the folder is not empty.
    """
    folder = folder or default_folder(source, words)
    named = {
        "recipe": source.config["recipe"],
        "recipe_sha256": source.config.get("recipe_sha256"),
        "command": shlex.join(["kerastc", "compress", str(source.folder), *words]),
        "config": source.config["config"],
        "parent": parents.parent_entry(source.folder, folder),
        "steps": list(words),
    }
    if of:
        named["recipe_sha256"] = of.recipe_sha256
        named["config"] = of.config.model_dump(mode="json")
        named["locations"] = locations.recorded(of.config, folder)
        if of.differences:
            named["despite"] = list(of.differences)
    return Run.create(folder, named, folders.cache)


def default_folder(parent: Run, words: Sequence[str]) -> Path:
    """PARENT/compressed/STEPS."""
    return parent.path("compressed", folder_name(words))


def folder_name(words: Sequence[str]) -> str:
    """Steps as a folder name; characters unusual in a path become dashes."""
    text = "+".join(words).replace(":", "-")
    name = "".join(c if c.isalnum() or c in "+-_.=" else "-" for c in text)
    if len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]  # two long chains may start alike
    return f"{name[: LONGEST - 9]}-{digest}"


def _work(run: Run, source: Run, load, config, steps) -> None:
    from kerastc.compress.record import Account
    from kerastc.compress.steps.quantize import Quantize
    from kerastc.compress.subject import Subject
    from kerastc.compress.work import Work
    from kerastc.models.loading import load_model
    from kerastc.report.page.conclude import conclude

    if not run.path("data.json").is_file():
        run.write_json("data.json", source.read_json("data.json"))  # `load` compares with it
    original = original_of(source)
    subject = Subject(source, original, config, load(config, run))
    account = Account(run, original)
    begin = account.last_done or source
    subject.input.read(begin)
    work = Work(subject, load_model(begin.required("model.keras")), run)
    for number, (word, step) in enumerate(steps, 1):
        if number <= len(account.steps):
            continue
        tell(f"{number}/{len(steps)} {word}")
        with account.step(work, number, word):
            account.details = step.apply(work)
        tell(account.told())
    subject.decide(work.model)
    subject.save(work.model, run)
    last = steps[-1][1]
    if isinstance(last, Quantize):
        predicted = last.write_file(run, work)
    else:
        predicted = {part: work.answers(part) for part in subject.parts}
    conclude(run, subject.splits, account.trained(work, predicted))
    account.tidy()

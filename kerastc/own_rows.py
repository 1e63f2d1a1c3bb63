"""Detects examples that a run has used itself: results on them are biased, or already known."""

import shlex
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerastc.errors import UserError
from kerastc.run import Run
from kerastc.tasks import Task
from kerastc.text.cutting import cut_at_word

if TYPE_CHECKING:
    from kerastc.data.labelled import Labelled

ALL = "data"  # the rows that all parts were drawn from


def told(run: Run | None, task: Task, data: Path, examples: "Labelled") -> str:
    """A sentence on the run's own examples; empty if they are others.

    Args:
        run: the model's; None if it is not known.
        task: of the model.
        data: the source of the examples.
        examples: with the run's classes.
    """
    if run is None:
        return ""
    what = task.units
    command = f"kerastc compare {shlex.quote(str(run.folder))}"
    elsewhere = f"What it is worth on those it never saw: {command}"
    part = _by_content(run, examples) or _by_place(run, task, data)
    return {
        ALL: warning(task, run.folder),
        "train": f"The run learned from these {what}. {elsewhere}",
        "validation": f"These are the run's own validation {what}, by which its checkpoint was "
        f"chosen. {elsewhere}",
        "test": f"These are the run's own test {what}, of which it has the figures: {command}",
        "": "",
    }[part]


def is_made_of(run: Run | None, examples: "Labelled") -> bool:
    """Whether a run learned from exactly these examples; false for None."""
    return run is not None and _by_content(run, examples) in (ALL, "train")


def warning(task: Task, run: object) -> str:
    """The note for that case; arguments: the model's task, and the run's folder."""
    return (
        f"The run is made from these {task.units} and learned from most of them. What it is worth "
        f"on those it never saw: kerastc compare {shlex.quote(str(run))}"
    )


def run_of(path: Path) -> Run | None:
    """The run of a run folder, or of a file in RUN/exports; None for other files."""
    folder = path if path.is_dir() else path.absolute().parent.parent
    inside = path.is_dir() or path.absolute().parent.name == "exports"
    return Run(folder) if inside and (folder / "config.json").is_file() else None


def _by_content(run: Run, examples: "Labelled") -> str:
    if not run.path("data.json").is_file():
        return ""
    known = run.read_json("data.json")
    parts = {ALL: known, **known.get("sources", {})}
    found = {examples.fingerprint}
    prepared = run.path("preprocessing.json")
    settings = run.read_json(prepared.name) if prepared.is_file() else {}
    if most := settings.get("max_characters"):  # texts only
        texts = np.array([cut_at_word(text, most) for text in examples.examples], object)
        found.add(replace(examples, examples=texts).fingerprint)
    return next((name for name, part in parts.items() if part.get("fingerprint") in found), "")


def _by_place(run: Run, task: Task, data: Path) -> str:
    """Also finds a file whose rows the run cleaned, or drew from."""
    for name, path in _files(run):
        with suppress(OSError):
            if path.samefile(data):
                described = run.read_json("data.json") if run.path("data.json").is_file() else {}
                own = described.get("sources", {})
                if name == ALL and "test" in own and task.input_part("read").READER.takes_test:
                    return "test"  # a source with such a part is measured on it
                return "train" if name == ALL and {"validation", "test"} <= {*own} else name
    return ""


def _files(run: Run) -> Iterator[tuple[str, Path]]:
    """The files and folders that the run and its parents name, by their settings."""
    with suppress(UserError):  # a parent that is gone
        for own in run.line():
            for name, place in own.config.get("locations", {}).items():
                if name in (ALL, "validation", "test"):
                    yield name, Path(place["path"])
                    yield name, own.folder / place.get("from_run", ".")

"""Trains in one of several processes that share the work.

Process 0 has the run. The others read settings and data by themselves, which are compared with its,
and keep the few small files of a run in a temporary folder; weights and checkpoints come from it.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerastc import launch
from kerastc.folders import Folders
from kerastc.processes.agreement import agree, awaited
from kerastc.processes.exchange import Lost, first, is_of_another
from kerastc.processes.place import Place, joined
from kerastc.progress import quietly, tell
from kerastc.run import Run
from kerastc.unfinished import to_resume

# For those that resume.
COPIED = ("config.json", "data.json", "labels.txt", "environment.json", "finished.json")


def train(
    place: Place,
    name: str | None,
    overrides: Sequence[str],
    *,
    folders: Folders,
    folder: Path | None = None,
    resume: bool = False,
    **options: Any,
) -> Run | None:
    """As `launch.train`, in one of several processes.

    Args:
        place: which one.
        name, overrides, folders, folder, resume, options: as there.

    Returns:
        the run in process 0, None in the others.

    Raises:
        UserError: as there; and in all processes, if one of them is about to do something else.
    """
    if not place.started:
        tell(f"Process {place.rank} of {place.count} waits for the others at {place.coordinator}.")
    try:
        with joined(place):
            agree({"--processes ": place.count, "--layout ": place.layout, "--resume ": resume})
            given = {"name": name, "overrides": overrides, "folders": folders, **options}
            return _joined(place, given, folder, resume)
    except (RuntimeError, ValueError) as error:
        if not is_of_another(error):
            raise
        raise Lost(f"Another of {place.count} processes ended.", "See what it told.") from None


def _joined(place: Place, given: dict[str, Any], folder: Path | None, resume: bool) -> Run | None:
    def begun() -> dict[str, str]:
        nonlocal folder
        folder = folder or to_resume(given["folders"], given["name"]).folder
        return _records(folder)

    known = first(begun) if resume else {}
    with awaited():
        if place.first:
            return launch.train(**given, folder=folder, resume=resume)
        return _follow(known, given)


def _records(folder: Path) -> dict[str, str]:
    """The small files of a run that began; none if it has not."""
    run = Run(folder)
    if not run.path("config.json").is_file():
        return {}
    return {name: run.path(name).read_text("utf-8") for name in COPIED if run.path(name).is_file()}


def _follow(known: dict[str, str], given: dict[str, Any]) -> None:
    """Trains without writing anything that is kept.

    Args:
        known: the small files of the run that is resumed.
        given: the arguments of `launch.train`.
    """
    with tempfile.TemporaryDirectory(prefix="kerastc-") as scratch, quietly():
        run = Run(Path(scratch, "run"))
        for name, text in known.items():
            run.write_text(name, text)
        launch.train(**given, folder=run.folder, resume=bool(known))

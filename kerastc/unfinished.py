"""Finds unfinished runs, for users who resume without naming one."""

from collections.abc import Iterator
from pathlib import Path

from kerastc import recipe
from kerastc.errors import UserError
from kerastc.folders import Folders
from kerastc.found_runs import is_run
from kerastc.run import Run

SHOWN = 5  # runs listed in an error


def to_resume(folders: Folders, recipe_name: str | None) -> Run:
    """The run to resume where none is named: the newest of a recipe, or the only one.

    Raises:
        UserError: if there is none; without a recipe, if there are several.
    """
    if recipe_name is None:
        return only_unfinished(folders.runs)
    return newest_unfinished(folders.runs, recipe.find(recipe_name).stem)


def newest_unfinished(runs: Path, recipe: str) -> Run:
    """The newest unfinished run of a recipe.

    Raises:
        UserError: if there is none.
    """
    for run in unfinished(runs, recipe):
        return Run.open(run.folder)
    raise UserError(
        f"No unfinished run of {recipe} under {runs / recipe}.",
        "Name one with --run DIR, or leave --resume out to start a new one.",
    )


def only_unfinished(runs: Path) -> Run:
    """The one unfinished run of any recipe.

    Raises:
        UserError: if there is none, or several: with the command that resumes each.
    """
    found = list(unfinished(runs))
    if len(found) == 1:
        return Run.open(found[0].folder)
    if not found:
        raise UserError(
            f"No unfinished run under {runs}.",
            "Name one with --run DIR. A new one is started by: kerastc train RECIPE",
        )
    commands = [f"  {run.resume_command}" for run in found[:SHOWN]]
    more = [f"  and {len(found) - SHOWN} older ones"] if len(found) > SHOWN else []
    raise UserError(
        f"Which run? {len(found)} under {runs} are unfinished.",
        "\n".join(["Resume one of them (the newest first):", *commands, *more]),
    )


def unfinished(runs: Path, recipe: str = "*") -> Iterator[Run]:
    """The unfinished runs of a recipe, or of any, the newest first."""
    found = [path for path in runs.glob(f"{recipe}/*/config.json") if is_run(path.parent)]
    for config in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True):
        if not Run(config.parent).finished:
            yield Run(config.parent)

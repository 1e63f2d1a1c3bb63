"""Decides which recipe scripts may run without being named: those that this user has run before.

A run may come from a stranger, and its config.json names a script. A script is code with the user's
rights, so it runs only if the user names it on the command line, if it comes with kerastc, or if
its SHA-256 is among those that were named before.
"""

import hashlib
import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kerastc import files, recipe
from kerastc.errors import UserError
from kerastc.progress import tell

if TYPE_CHECKING:
    from kerastc.run import Run

FILE = "trusted-recipes.json"  # in the user's state folder: SHA-256 to path


def digest(script: recipe.Recipe) -> str:
    """SHA-256 of a script, of exactly the bytes that `load` runs."""
    return hashlib.sha256(script.source).hexdigest()


def is_path(name: str) -> bool:
    """Whether a recipe is given by a path, not by the name of one that comes with kerastc."""
    return "/" in name or "\\" in name or name.endswith(".py")


def remember(script: recipe.Recipe, state: Path, needed: bool = False) -> None:
    """Trusts a script that the user has named; a changed script counts as another.

    Args:
        script: those that come with kerastc need no trust and are not recorded.
        state: the user's folder for lasting files.
        needed: whether failing to write there is an error, not just a warning.

    Raises:
        UserError: if nothing can be written and it is needed.
    """
    if not is_path(script.name):
        return
    path = str(script.path.resolve())
    if _known(state).get(digest(script)) == path:
        return
    try:
        _add(state, {digest(script): path})
    except OSError as error:
        told = f"The recipes that you trust cannot be kept in {state}: {error.strerror or error}."
        if needed:
            raise UserError(told, "Name another folder: XDG_STATE_HOME=FOLDER") from None
        tell(f"{told} To resume the run, name {script.name} again.")


def recipe_of(run: "Run", state: Path) -> recipe.Recipe:
    """The recipe that a run was made by, if it may run.

    A script that moved is found by its SHA-256 at the path last named.

    Raises:
        UserError: if it is gone, or a script that this user has never named.
    """
    name = run.config["recipe"]
    if not is_path(name):
        return recipe.find(name)
    known = _known(state)
    if not Path(name).is_file():
        name = _moved(run, name, known)
    script = recipe.find(name)
    if script.path.resolve().parent == recipe.folder().resolve():
        return script
    inside = state.resolve().is_relative_to(run.folder.resolve())  # a stranger's own list
    if inside or digest(script) not in known:
        raise _unknown(script, f"{run.folder} was made by")
    return script


def refuse_unknown(script: recipe.Recipe, state: Path, told: str) -> None:
    """Refuses a script that is named by a file but never by this user.

    Args:
        script: those that come with kerastc are trusted.
        state: the user's folder for lasting files.
        told: the beginning of the message: what names it.

    Raises:
        UserError: with how to trust it.
    """
    own = script.path.resolve().parent == recipe.folder().resolve()
    if not own and digest(script) not in _known(state):
        raise _unknown(script, f"{told} names")


def _unknown(script: recipe.Recipe, told: str) -> UserError:
    return UserError(
        f"{told} the script {script.path} (SHA-256 {digest(script)}), which you have not run "
        "before. A recipe is code that runs with your rights.",
        f"Read it; if you trust it: kerastc trust {shlex.quote(str(script.path))}",
    )


def _moved(run: "Run", name: str, known: Mapping[str, str]) -> str:
    there = known.get(str(run.config.get("recipe_sha256")), "")
    if not Path(there).is_file():
        raise UserError(
            f"{run.folder} was made by the script {name}, which is gone.",
            "Put it back, or give its new path: kerastc trust SCRIPT",
        )
    return there


def _add(state: Path, entry: Mapping[str, str]) -> None:
    """Adds to the list, which only this user can read and write."""
    files.make_folder(state)
    with files.lock(state / f".{FILE}.lock", busy=lambda _: None):
        known = _known(state)
        with files.writing(state / FILE) as path:
            path.touch(mode=0o600)
            path.write_text(json.dumps(known | entry, indent=2) + "\n", encoding="utf-8")


def _known(state: Path) -> dict[str, str]:
    """The list; empty if it is damaged, or others can write to it."""
    path = state / FILE
    try:
        status = path.stat()
        theirs = hasattr(os, "getuid") and status.st_uid != os.getuid()
        if theirs or status.st_mode & 0o022:
            return {}
        known = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(k): str(v) for k, v in known.items()} if isinstance(known, dict) else {}

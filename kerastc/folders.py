"""The folders of this user's runs, caches and trusted recipes."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from kerastc.errors import UserError


def cache_folder() -> Path:
    """$KERASTC_CACHE, else the user's cache folder: files that can be made again.

    Raises:
        UserError: if neither it nor a home folder is known.
    """
    if own := os.environ.get("KERASTC_CACHE"):
        return Path(own)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kerastc"
    except RuntimeError:
        raise UserError(
            "There is no home folder to keep a cache in.", "Name one: KERASTC_CACHE=FOLDER"
        ) from None


def state_folder() -> Path:
    """What must outlast the cache: $XDG_STATE_HOME/kerastc, else ~/.local/state/kerastc.

    Without a home folder it is the cache. A relative $XDG_STATE_HOME is ignored, as its
    specification requires: it would depend on the current folder.

    Raises:
        UserError: if none of them is known.
    """
    named = Path(os.environ.get("XDG_STATE_HOME") or ".")
    if named.is_absolute():
        return named / "kerastc"
    try:
        home = Path.home()
    except RuntimeError:
        return cache_folder()
    return home / ".local" / "state" / "kerastc" if home.is_dir() else cache_folder()


@dataclass(frozen=True)
class Folders:
    """The folders in use.

    Args:
        runs: runs without a `--run` go to RUNS/RECIPE/TIME.
        cache: features and downloads shared by runs.
        state: the recipes that the user trusts.
    """

    runs: Path = Path("runs")
    cache: Path = field(default_factory=cache_folder)
    state: Path = field(default_factory=state_folder)

"""Finds the run that another was made from: they may have moved, together or separately.

A child's config.json has `parent`: the absolute folder `run` at that time, and the relative path
`from_run`. Also used on devices: only Python's standard library is imported.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

COMPRESSED = "compressed"  # the folder in a run that holds its compressed runs by default


def way(folder: Path, path: str | Path) -> str:
    """The relative path from a run's folder to another path."""
    return os.path.relpath(Path(path).absolute(), Path(folder).absolute())


def parent_folder(folder: Path, config: Mapping[str, Any]) -> Path | None:
    """The current folder of a run's parent; None if it is gone or there is none.

    Tried: its path if both moved together, its old path, and the folder around `compressed/`.

    Args:
        folder: of the child.
        config: its config.json.
    """
    stated = config.get("parent")
    if not isinstance(stated, Mapping):
        return None
    folder = Path(folder).resolve()
    ways = [stated.get("from_run"), stated.get("run")]
    named = [(folder / text).resolve() for text in ways if isinstance(text, str) and text]
    if folder.parent.name == COMPRESSED and "checkpoint" not in stated:
        enclosing = folder.parent.parent
        inside = [path for path in named if enclosing in (path, *path.parents)]
        named = [*inside, enclosing, *named]
    return next((path for path in named if path != folder and _is_run(path)), None)


def parent_entry(parent: Path, child: Path) -> dict[str, str]:
    """The entry in the config.json of a child in that folder for its parent's folder."""
    folder = Path(parent).resolve()
    return {"run": str(folder), "from_run": way(Path(child).resolve(), folder)}


def _is_run(folder: Path) -> bool:
    return (folder / "config.json").is_file()

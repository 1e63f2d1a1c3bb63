"""Where the run is now that another was made of: they may have moved, together or alone.

A child's config.json has `parent`: the absolute folder `run` of its time, and the way to it
`from_run`. Devices use this, too: nothing but Python's own library is imported.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

COMPRESSED = "compressed"  # the folder in a run under which its compressed runs lie by default


def way(folder: Path, path: str | Path) -> str:
    """The relative path from a run's folder to another place."""
    return os.path.relpath(Path(path).absolute(), Path(folder).absolute())


def parent_folder(folder: Path, config: Mapping[str, Any]) -> Path | None:
    """The run that another was made of, where it is now; None where it is gone or there is none.

    Looked for where it is if both moved together, where it was, and around `compressed/`.

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
    """What the config.json of a child in that folder says of its parent's folder."""
    folder = Path(parent).resolve()
    return {"run": str(folder), "from_run": way(Path(child).resolve(), folder)}


def _is_run(folder: Path) -> bool:
    return (folder / "config.json").is_file()

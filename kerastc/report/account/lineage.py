"""Which runs were made of which: a trained run, and what was compressed of it.

A child that training made (`kerastc train --from`) has a checkpoint in its config.json and counts
as a run of its own: it was trained, not compressed.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kerastc.errors import UserError
from kerastc.forms import read_json
from kerastc.parents import COMPRESSED, parent_folder
from kerastc.run import Run
from kerastc.run_forms import FORMS


def ancestors(folder: Path) -> list[Path]:
    """The runs that a compressed run was made of, its parent first, its original last.

    Raises:
        UserError: the parents form a circle, which only an edited config.json can.
    """
    folder = Path(folder).resolve()
    chain = [folder]
    while (parent := _parent(chain[-1])) is not None:
        if parent in chain:
            raise UserError(
                f"{chain[-1] / 'config.json'} names {parent} as parent.run, which is made of it: "
                "a run cannot be its own ancestor.",
                "Give parent.run there the folder of the run that was compressed.",
            )
        chain.append(parent)
    return chain[1:]


def descendants(folder: Path) -> list[Path]:
    """The runs that were compressed of a run or of its descendants, parents first.

    Looked for in `compressed/` of each run, and in the runs folder that this one lies in.
    """
    folder = Path(folder).resolve()
    children: dict[Path, list[Path]] = {}
    for candidate in sorted(set(_runs_around(folder))):
        if (parent := _parent(candidate)) is not None:
            children.setdefault(parent, []).append(candidate)
    found, waiting = [], [folder]
    while waiting:
        nearest = children.pop(waiting.pop(), [])  # popped, so that a circle elsewhere ends
        found += nearest
        waiting += nearest
    return sorted(found, key=lambda run: (len(ancestors(run)), run))


def family(folders: Sequence[Path]) -> list[Path] | None:
    """The runs of one account: the original first, then those given that were compressed of it.

    A run that is given alone brings all its descendants with it.

    Returns:
        None where the runs have no original in common, or nothing was compressed.

    Raises:
        UserError: a folder is no run, or the parents form a circle.
    """
    given = list(dict.fromkeys(Run.open(Path(folder)).folder.resolve() for folder in folders))
    originals = {[folder, *ancestors(folder)][-1] for folder in given}
    if len(originals) != 1:
        return None
    members = [*originals, *given, *(descendants(given[0]) if len(given) == 1 else [])]
    members = list(dict.fromkeys(members))
    return members if len(members) > 1 else None


def _parent(folder: Path) -> Path | None:
    """The run that a compressed run was made of, where it is still there."""
    stated = _config(folder)
    trained = isinstance(stated.get("parent"), dict) and "checkpoint" in stated["parent"]
    return None if trained else parent_folder(folder, stated)


def _runs_around(folder: Path) -> Iterator[Path]:
    """The runs of the runs folder, which lie in it as RECIPE/RUN or plainly, and those in them."""
    outermost = folder
    while outermost.parent.name == COMPRESSED:
        outermost = outermost.parent.parent
    in_recipe = outermost.parent.name == _config(outermost).get("recipe")
    runs = outermost.parent.parent if in_recipe else outermost.parent
    for pattern in ("*/config.json", "*/*/config.json"):
        for path in runs.glob(pattern):
            yield from _with_compressed(path.parent)
    yield from _with_compressed(folder)


def _with_compressed(folder: Path) -> Iterator[Path]:
    yield folder.resolve()
    for path in (folder / COMPRESSED).glob("*/config.json"):
        yield from _with_compressed(path.parent)


def _config(folder: Path) -> dict[str, Any]:
    """config.json; empty where the file is another program's, or broken."""
    try:
        return read_json(folder / "config.json", FORMS["config.json"])
    except (OSError, UserError):
        return {}

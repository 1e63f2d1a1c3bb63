"""Which runs were made from which: a trained run, and its compressed descendants.

A child made by training (`kerastc train --from`) has a checkpoint in its config.json and counts as
a separate run: it was trained, not compressed.
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
    """The runs from which a compressed run was made, its parent first, its original last.

    Raises:
        UserError: the parents form a cycle, which only an edited config.json can cause.
    """
    folder = Path(folder).resolve()
    chain = [folder]
    while (parent := _parent(chain[-1])) is not None:
        if parent in chain:
            raise UserError(
                f"{chain[-1] / 'config.json'} names {parent} as parent.run, which is made from it: "
                "a run cannot be its own ancestor.",
                "Give parent.run there the folder of the run that was compressed.",
            )
        chain.append(parent)
    return chain[1:]


def descendants(folder: Path) -> list[Path]:
    """The runs compressed from a run or from its descendants, parents first.

    Searches `compressed/` of each run, and the runs folder that contains this one.
    """
    folder = Path(folder).resolve()
    children: dict[Path, list[Path]] = {}
    for candidate in sorted(set(_runs_around(folder))):
        if (parent := _parent(candidate)) is not None:
            children.setdefault(parent, []).append(candidate)
    found, waiting = [], [folder]
    while waiting:
        nearest = children.pop(waiting.pop(), [])  # popped, so that a cycle elsewhere ends
        found += nearest
        waiting += nearest
    return sorted(found, key=lambda run: (len(ancestors(run)), run))


def family(folders: Sequence[Path]) -> list[Path] | None:
    """The runs of one account: the original first, then the given ones compressed from it.

    A run that is given alone brings all its descendants.

    Returns:
        None if the runs have no original in common, or nothing was compressed.

    Raises:
        UserError: a folder is not a run, or the parents form a cycle.
    """
    given = list(dict.fromkeys(Run.open(Path(folder)).folder.resolve() for folder in folders))
    originals = {[folder, *ancestors(folder)][-1] for folder in given}
    if len(originals) != 1:
        return None
    members = [*originals, *given, *(descendants(given[0]) if len(given) == 1 else [])]
    members = list(dict.fromkeys(members))
    return members if len(members) > 1 else None


def _parent(folder: Path) -> Path | None:
    """The run from which a compressed run was made, if it still exists."""
    stated = _config(folder)
    trained = isinstance(stated.get("parent"), dict) and "checkpoint" in stated["parent"]
    return None if trained else parent_folder(folder, stated)


def _runs_around(folder: Path) -> Iterator[Path]:
    """The runs in the runs folder, directly or as RECIPE/RUN, and the runs inside them."""
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
    """config.json; empty if the file is another program's, or broken."""
    try:
        return read_json(folder / "config.json", FORMS["config.json"])
    except (OSError, UserError):
        return {}

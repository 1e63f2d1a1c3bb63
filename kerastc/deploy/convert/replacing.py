"""An export takes the place of an earlier one, and of nothing else."""

from pathlib import Path

from kerastc.errors import UserError

AWAY = "Move it away, and give the same command again."


def require_replaceable(target: Path, made: Path) -> None:
    """Refuses to replace what is no earlier export of the same kind.

    Args:
        target: where the new file or folder goes.
        made: the new one.

    Raises:
        UserError: one is a file and the other a folder, or a file in a folder would be lost.
    """
    if not target.exists():
        return
    if target.is_dir() != made.is_dir():
        kinds = ("folder", "file") if made.is_dir() else ("file", "folder")
        raise UserError(f"{target} is to be a {kinds[0]}, but there is a {kinds[1]}.", AWAY)
    if made.is_dir() and (others := _files(target) - _files(made)):
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise UserError(
            f"{target} holds {min(others)}{more}, which the export would replace by nothing.", AWAY
        )


def _files(folder: Path) -> set[str]:
    """The files of a folder, by their paths in it."""
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}

"""Ties the files of a finished run together: their SHA-256s in finished.json.

A file that was replaced afterwards, for instance by one from another run, is reported and not used.
Files written into a finished run later (exports, measurements, pages) are not included.
"""

import hashlib
from functools import cache
from pathlib import Path

from kerastc.errors import UserError
from kerastc.forms import read_json
from kerastc.run_forms import FORMS

FILE = "finished.json"
TIED = (
    "data.json",
    "labels.txt",
    "history.csv",
    "preprocessing.json",
    "learned.npz",
    "model.keras",
    "tokenizer/**/*",
    "metrics.json",
    "compression.json",
    "predictions/*",
    "checkpoints/step-*.npz",
    "folds/*/*.json",
    "folds/*/*.csv",
    "folds/*/*.npz",
)


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file that belongs together, by its path in the run.

    Args:
        folder: of a run.
    """
    paths = sorted(path for pattern in TIED for path in folder.glob(pattern) if path.is_file())
    return {path.relative_to(folder).as_posix(): _digest(path) for path in paths}


def verify(folder: Path, *names: str) -> None:
    """Compares files of a run with their state at its end.

    Args:
        folder: of the run; if it is not finished, nothing is compared.
        names: files, or folders for all files in them.

    Raises:
        UserError: naming a file that was changed, removed or added since.
    """
    try:
        known = read_json(folder / FILE, FORMS[FILE]).get("files")
    except FileNotFoundError:
        return
    if not known:
        return
    for name in names:
        listed = {key for key in known if key == name or key.startswith(f"{name}/")}
        there = {path.relative_to(folder).as_posix() for path in (folder / name).rglob("*")}
        files = {key for key in there if (folder / key).is_file()}
        for key in sorted(listed | (files if listed else set())):
            _verify(folder, key, known.get(key))


def _verify(folder: Path, name: str, expected: str | None) -> None:
    path = folder / name
    hint = (
        f"Restore the original file. If you changed it on purpose: take {name!r} out of "
        f'"files" in {folder / FILE}.'
    )
    if expected is None:
        raise UserError(f"{path} was not there when the run ended.", "Remove it.")
    if not path.is_file():
        raise UserError(f"{path} is missing, or is no file.", hint)
    try:
        found = _digest(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None
    if found != expected:
        raise UserError(
            f"{path} does not belong to this run: it was changed or replaced after the run ended "
            f"(SHA-256 {found[:12]}…, not {expected[:12]}…).",
            hint,
        )


def _digest(path: Path) -> str:
    stat = path.stat()
    return _digest_of(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@cache
def _digest_of(path: Path, *state: int) -> str:
    """A file is read only once while it stays unchanged."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

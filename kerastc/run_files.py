"""The files of a run folder: how they are found, written and locked."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kerastc import files
from kerastc.errors import UserError
from kerastc.progress import tell


class RunFiles:
    """A folder whose files are written whole, by one process at a time.

    Links that lead out of the folder are not followed.

    Args:
        folder: need not exist yet.
    """

    busy_hint = "Wait for it to end, or give another --run."  # if another process holds it

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    def path(self, *parts: str) -> Path:
        """A path in the run folder; it need not exist.

        Raises:
            UserError: if a link in the path leads out of the folder.
        """
        path = self.folder.joinpath(*parts)
        between = len(path.parts) - len(self.folder.parts)
        for part in (path, *path.parents)[:between]:
            if part.is_symlink() and not part.resolve().is_relative_to(self.folder.resolve()):
                raise UserError(
                    f"{part} is a link that leads out of its run, to {part.resolve()}.",
                    "Replace it by a file or folder of the run itself.",
                )
        return path

    @contextmanager
    def writing(self, *parts: str) -> Iterator[Path]:
        """Yields a temporary path that replaces the named file when the block succeeds."""
        with files.writing(self.path(*parts)) as path:
            yield path

    def write_text(self, name: str, text: str) -> None:
        """Writes a UTF-8 file, whole or not at all."""
        with self.writing(*name.split("/")) as path:
            path.write_text(text, encoding="utf-8", newline="")

    def write_json(self, name: str, value: Any) -> None:
        """Writes JSON, whole or not at all."""
        self.write_text(name, json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    def write_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Writes dicts as CSV, whole or not at all; the columns are those of the first row."""
        buffer = io.StringIO()
        if rows:
            writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        self.write_text(name, buffer.getvalue())

    @contextmanager
    def lock(self, waiting: bool = False) -> Iterator[None]:
        """Holds the run for this process; the system releases it however the process ends.

        A process that already holds it may enter again.

        Args:
            waiting: whether to wait, with a message, for another process that holds the run.

        Raises:
            UserError: if another process holds it and is not waited for.
        """

        def busy(pid: str) -> None:
            what = f"Another process (pid {pid}) is at work on {self.folder}"
            if not waiting:
                raise UserError(f"{what}.", self.busy_hint)
            tell(f"{what}; waiting for it.")

        path = self.path(".lock")
        if path.is_symlink():  # inside the run, too: its target would be overwritten
            raise UserError(f"{path} is a link.", f"Remove it: rm {path}")
        with files.lock(path, busy):
            files.remove_leftovers(self.folder)
            yield

"""The run folder: every stage reads one and writes one.

Each file appears whole: it is written beside its place and renamed. A killed process leaves a run
that resumes, never one that lies.
"""

import csv
import fcntl
import io
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kerastc.environment import environment
from kerastc.errors import UserError


class Run:
    """A folder that explains itself; see DESIGN in ARCHITECTURE.md for its files.

    Args:
        folder: an existing run folder. Use `Run.create` or `Run.open`.
        cache: where work that other runs can use again is kept: features, downloaded texts.
    """

    def __init__(self, folder: Path, cache: Path | None = None):
        self.folder = Path(folder)
        self.cache = Path(cache) if cache else self.folder / "cache"

    @classmethod
    def create(cls, folder: Path, config: Mapping[str, Any], cache: Path | None = None) -> "Run":
        """Makes a new run.

        Args:
            folder: must be absent or empty.
            config: what `config.json` shall hold.
            cache: as in `Run`.

        Raises:
            UserError: where the folder already holds something.
        """
        folder = Path(folder)
        if folder.exists() and (not folder.is_dir() or any(_visible(folder))):
            raise UserError(
                f"{folder} already holds something; a new run wants a new folder.",
                f"Add --resume to go on with it, or give another --run (see: ls {folder}).",
            )
        folder.mkdir(parents=True, exist_ok=True)
        run = cls(folder, cache)
        run.write_json("config.json", config)
        return run

    @classmethod
    def open(cls, folder: Path, cache: Path | None = None) -> "Run":
        """Opens a run that exists.

        Raises:
            UserError: where the folder is absent or holds no readable config.json.
        """
        run = cls(folder, cache)
        if not run.folder.is_dir():
            raise UserError(f"There is no run at {folder}.", _nearby(run.folder))
        if not (run.folder / "config.json").is_file():
            raise UserError(
                f"{folder} is no run folder: it has no config.json.", _nearby(run.folder)
            )
        run.config  # noqa: B018  (an unreadable one is refused here)
        return run

    @property
    def config(self) -> dict[str, Any]:
        """`config.json`: recipe, command and every hyperparameter as resolved."""
        return self.read_json("config.json")

    @property
    def parent(self) -> dict[str, Any] | None:
        """Of a child run: its parent's folder (`run`).

        A training that goes on also has the `checkpoint` and `step` at which it left the parent.
        """
        return self.config.get("parent")

    def line(self) -> Iterator["Run"]:
        """This run, its parent, and so on.

        Raises:
            UserError: where a run is its own ancestor.
        """
        run, seen = self, {self.folder.resolve()}
        yield run
        while run.parent:
            run = Run.open(Path(run.parent["run"]), self.cache)
            if run.folder.resolve() in seen:
                raise UserError(
                    f"{run.folder} is its own ancestor: see `parent` in its config.json."
                )
            seen.add(run.folder.resolve())
            yield run

    @property
    def steps(self) -> list[str]:
        """Of a compressed run: what was done to its parent's model, in order."""
        return self.config.get("steps", [])

    def checkpoints(self) -> dict[int, Path]:
        """The checkpoints that are there, `checkpoints/step-N.npz`, by their step."""
        found = {}
        for path in self.path("checkpoints").glob("step-*.npz"):
            if match := re.fullmatch(r"step-(\d+)\.npz", path.name):
                found[int(match[1])] = path
        return found

    @property
    def finished(self) -> bool:
        """Whether the recipe came to its end."""
        return self.path("finished.json").is_file()

    def standing(self) -> str:
        """How far the run is, to end a sentence with."""
        if self.finished:
            return "at its end"
        history = self.path("history.csv")
        if not history.is_file():
            return "before its first evaluation"
        with history.open(encoding="utf-8", newline="") as file:
            last = list(csv.DictReader(file))[-1]
        return f"after epoch {float(last['epoch']):.3g} (step {last['step']})"

    @property
    def resume_command(self) -> str:
        """The command line that goes on with this run."""
        known = self.path("config.json").is_file()
        verb = "compress" if known and self.steps else "train"
        return f"kerastc {verb} --resume --run {self.folder}"

    def path(self, *parts: str) -> Path:
        """A path in the run folder; it need not exist."""
        return self.folder.joinpath(*parts)

    @contextmanager
    def writing(self, *parts: str) -> Iterator[Path]:
        """Yields a temporary path that takes the named file's place when the block ends well."""
        target = self.path(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        # The suffix stays last: Keras and NumPy choose the format by it.
        temporary = target.with_name(f".writing-{target.name}")
        _remove(temporary)
        try:
            yield temporary
            _to_disk(temporary)
            if target.is_dir():
                _remove(target)
            temporary.replace(target)
        finally:
            _remove(temporary)

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

    def read_json(self, name: str) -> Any:
        """Reads a JSON file of the run.

        Raises:
            UserError: where it is absent or broken.
        """
        path = self.path(*name.split("/"))
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UserError(
                f"{path} is missing: this run stopped before it was written.",
                f"Go on with it: {self.resume_command}",
            ) from None
        except (ValueError, OSError) as error:
            raise UserError(f"{path} cannot be read: {error}") from None

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the run for this process; the system lets go when the process ends, however.

        Raises:
            UserError: where another process holds it.
        """
        with self.path(".lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise UserError(
                    f"Another process (pid {file.read().strip() or 'unknown'}) is at work on "
                    f"{self.folder}.",
                    "Wait for it to end, or give another --run.",
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def describe_data(self, splits: Any, exploration: Any = None) -> None:
        """Writes `data.json` and `labels.txt` as `data.split` or `load_images` give them.

        The fingerprint joins the other facts of `environment.json`, too.

        Args:
            splits: the parts.
            exploration: what `kerastc.data.explore` found; the report then shows it.

        Raises:
            UserError: on a resumed run whose data have changed since it began.
        """
        described = splits.as_dict()
        if self.path("data.json").is_file():
            before = self.read_json("data.json")["fingerprint"]
            if before != described["fingerprint"]:
                raise UserError(
                    f"The data changed since {self.folder} began: fingerprint "
                    f"{described['fingerprint'][:12]}, then {before[:12]}.",
                    "Give the data back as they were, or start a new run.",
                )
        if exploration is not None:
            described["exploration"] = exploration.as_dict()
        self.write_json("data.json", described)
        self.write_text("labels.txt", "".join(f"{name}\n" for name in described["classes"]))
        if self.path("environment.json").is_file():
            facts = self.read_json("environment.json")
            facts["data_fingerprint"] = described["fingerprint"]
            self.write_json("environment.json", facts)

    def describe_environment(self, seed: int) -> None:
        """Writes `environment.json`; call it once Keras has chosen its backend."""
        self.write_json("environment.json", environment(seed))


def newest_unfinished(runs: Path, recipe: str) -> Run:
    """The newest run of a recipe that has not come to its end.

    Raises:
        UserError: where there is none.
    """
    folders = sorted((runs / recipe).glob("*/config.json"), key=lambda p: p.stat().st_mtime)
    for config in reversed(folders):
        if not Run(config.parent).finished:
            return Run.open(config.parent)
    raise UserError(
        f"No unfinished run of {recipe} under {runs / recipe}.",
        "Name one with --run DIR, or leave --resume out to start anew.",
    )


def _visible(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if not path.name.startswith("."))


def _nearby(folder: Path) -> str:
    """Names the newest runs near a path that is no run."""
    root = folder if folder.is_dir() else folder.parent
    found = [*root.glob("*/config.json"), *root.glob("*/*/config.json")]
    newest = sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)[:3]
    if not newest:
        return "A run is made by: kerastc train RECIPE"
    return "Runs near there: " + ", ".join(str(path.parent) for path in newest)


def _to_disk(path: Path) -> None:
    """Flushes a file, or a folder's files, so that the rename never reaches the disk first."""
    for part in path.rglob("*") if path.is_dir() else [path]:
        if part.is_file():
            with part.open("rb") as file:
                os.fsync(file.fileno())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

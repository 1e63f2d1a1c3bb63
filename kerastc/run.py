"""The run folder: every stage reads one and writes one.

Files are written atomically (see `kerastc.files`): a killed process leaves a run that can resume,
never a wrong one. Links that lead out of the folder are not followed.
"""

import csv
import io
import itertools
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kerastc import files, going_on, manifest, run_data
from kerastc.environment import environment
from kerastc.errors import UserError
from kerastc.forms import read_json
from kerastc.parents import parent_folder
from kerastc.progress import tell
from kerastc.run_forms import FORMS

INNER = ("phases", "steps", "folds")  # folders of a run whose trainings have their own folders


class Run:
    """A self-explanatory folder; see DESIGN in ARCHITECTURE.md for its files.

    Args:
        folder: an existing run folder. Use `Run.create` or `Run.open`.
        cache: the folder for work that other runs can reuse: features, downloaded texts.

    Attributes:
        moved: what `describe_data` adds to `locations` in config.json, by setting: see
            `kerastc.locations.remember`.
    """

    busy_hint = "Wait for it to end, or give another --run."  # if another process holds it

    def __init__(self, folder: Path, cache: Path | None = None):
        self.folder = Path(folder)
        self.cache = Path(cache) if cache else self.folder / "cache"
        self.moved: dict[str, dict[str, str]] = {}
        self.resume_options: tuple[str, ...] = ()  # given to this process to resume it

    @classmethod
    def create(cls, folder: Path, config: Mapping[str, Any], cache: Path | None = None) -> "Run":
        """Makes a new run.

        Args:
            folder: must be absent or empty.
            config: the content of `config.json`.
            cache: as in `Run`.

        Raises:
            UserError: if the folder already holds something.
        """
        run = cls(folder, cache)
        if run.folder.exists() and not run.folder.is_dir():
            raise UserError(f"{folder} is a file.", "A run needs a folder: give another --run.")
        files.make_folder(run.folder)
        with run.lock():  # of two processes that begin at once, the second sees the first's config
            if any(_visible(run.folder)):
                raise going_on.taken(run, config)
            run.write_json("config.json", config)
        return run

    @classmethod
    def create_in(cls, parent: Path, config: Mapping[str, Any], cache: Path | None = None) -> "Run":
        """Makes a new run in a folder named by the time, unique to this process."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        for number in itertools.count(1):
            folder = Path(parent, f"{stamp}-{number}" if number > 1 else stamp)
            with suppress(FileExistsError):
                files.make_folder(folder, exist_ok=False)
                return cls.create(folder, config, cache)

    @classmethod
    def open(cls, folder: Path, cache: Path | None = None) -> "Run":
        """Opens a run that exists.

        Raises:
            UserError: if the folder is absent or holds no readable config.json.
        """
        run = cls(folder, cache)
        if not run.folder.is_dir():
            raise UserError(f"There is no run at {folder}.", going_on.nearby(run.folder))
        if not (run.folder / "config.json").is_file():
            raise UserError(
                f"{folder} is no run folder: it has no config.json.", going_on.nearby(run.folder)
            )
        run.config  # noqa: B018  (an unreadable one is refused here)
        return run

    @property
    def config(self) -> dict[str, Any]:
        """`config.json`: recipe, command and every hyperparameter as resolved."""
        return self.read_json("config.json")

    @property
    def parent(self) -> dict[str, Any] | None:
        """For a child run: its parent's folder (`run`).

        A continued training also has the `checkpoint` and `step` at which it left the parent.
        """
        return self.config.get("parent") or None

    def parent_run(self) -> "Run":
        """For a child run: its parent, at its current path.

        Raises:
            UserError: if it is gone.
        """
        folder = parent_folder(self.folder, self.config)
        if folder is None:
            raise UserError(
                f"{self.folder} was made from the run {self.parent.get('run')}, which is gone.",
                "Put it back there, or move both together.",
            )
        return Run.open(folder, self.cache)

    def line(self) -> Iterator["Run"]:
        """This run, its parent, and so on.

        Raises:
            UserError: if a run is its own ancestor, or its parent is gone.
        """
        run, seen = self, {self.folder.resolve()}
        yield run
        while run.parent:
            run = run.parent_run()
            if run.folder.resolve() in seen:
                raise UserError(
                    f"{run.folder} is its own ancestor: see `parent` in its config.json."
                )
            seen.add(run.folder.resolve())
            yield run

    @property
    def judged_on(self) -> str:
        """The part that its model never learned from: test, or validation after folds.

        A cross-validated run has predictions for test rows, too: from the models of its folds.
        """
        known = self.path("data.json").is_file()
        return "validation" if known and self.read_json("data.json").get("folds") else "test"

    @property
    def steps(self) -> list[str]:
        """For a compressed run: the steps applied to its parent's model, in order."""
        return self.config.get("steps") or []

    def checkpoints(self) -> dict[int, Path]:
        """The existing checkpoints, `checkpoints/step-N.npz`, by step."""
        found = {}
        for path in self.path("checkpoints").glob("step-*.npz"):
            if match := re.fullmatch(r"step-(\d+)\.npz", path.name):
                found[int(match[1])] = path
        return found

    @property
    def finished(self) -> bool:
        """Whether the recipe came to its end."""
        return self.path("finished.json").is_file()

    @property
    def inner(self) -> bool:
        """Whether it is part of another run, in a folder of that run."""
        return self.folder.parent.name in INNER

    @property
    def begun(self) -> bool:
        """Whether there is any work that a resumed run would not have to repeat."""
        inner = (place for name in INNER for place in self.folder.glob(f"{name}/*"))
        places = (self.folder, *inner)
        signs = ("checkpoints/*", "*.keras", "phase.json", "fold.json", "metrics.json")
        return any(any(place.glob(sign)) for place in places for sign in signs)

    def standing(self) -> str:
        """How far the run is, to end a sentence with."""
        if self.finished:
            return "at its end"
        history = self.path("history.csv")
        if not history.is_file():
            folds = len(list(self.folder.glob("folds/*")))
            return f"in fold {folds}" if folds else "before its first evaluation"
        try:
            with history.open(encoding="utf-8", newline="") as file:
                last = list(csv.DictReader(file))[-1]
            return f"after epoch {float(last['epoch']):.3g} (step {int(float(last['step']))})"
        except (OSError, ValueError, IndexError, KeyError, TypeError, OverflowError, csv.Error):
            return "at an unknown step, as its history.csv is damaged"

    @property
    def resume_command(self) -> str:
        """The command line that resumes this run in its current state."""
        return going_on.command(self, self.resume_options)

    @property
    def how_to_go_on(self) -> str:
        """What to do if this run lacks something: a hint, with `resume_command` or another."""
        return going_on.hint(self)

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

    def read_json(self, name: str, form: Any = None) -> Any:
        """Reads a JSON file of the run.

        Args:
            name: of the file.
            form: what it must hold (see `kerastc.forms.check`); that in `FORMS` by default.

        Raises:
            UserError: if it is absent, broken, not of the required form, or was changed after the
                run ended.
        """
        path = self.path(*name.split("/"))
        manifest.verify(self.folder, name)
        try:
            return read_json(path, form or FORMS.get(path.name, object))
        except FileNotFoundError:
            raise UserError(
                f"{path} is missing: the run is {self.standing()}.", self.how_to_go_on
            ) from None

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names from labels.txt, in the order of the logits.

        Raises:
            UserError: if it is missing, broken, or has other classes than data.json.
        """
        return run_data.classes(self)

    def required(self, name: str) -> Path:
        """The path of a file or folder that the run must have.

        Raises:
            UserError: if it is missing, or was changed after the run ended.
        """
        path = self.path(name)
        if not path.exists():
            raise UserError(f"{path} is missing: the run is {self.standing()}.", self.how_to_go_on)
        manifest.verify(self.folder, name)
        return path

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

    def describe_data(self, splits: Any, exploration: Any = None) -> None:
        """Writes `data.json` and `labels.txt` from the result of `data.split` or `load_images`.

        The fingerprint is also added to `environment.json`.

        Args:
            splits: the parts.
            exploration: the result of `kerastc.data.explore`, which the report then shows.

        Raises:
            UserError: for a resumed run whose data have changed since it began.
        """
        run_data.describe(self, splits, exploration)

    def describe_environment(self, seed: int) -> None:
        """Writes `environment.json`; call it once Keras has chosen its backend."""
        facts = environment(seed)
        if self.path("data.json").is_file():
            facts["data_fingerprint"] = self.read_json("data.json")["fingerprint"]
        self.write_json("environment.json", facts)


def _visible(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if not path.name.startswith("."))

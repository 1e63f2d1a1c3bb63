"""The run folder: every stage reads one and writes one.

Files are written atomically (see `kerastc.files`): a killed process leaves a run that can resume,
never a wrong one. Links that lead out of the folder are not followed.
"""

import csv
import itertools
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kerastc import files, manifest, resuming, run_data
from kerastc.environment import environment
from kerastc.errors import UserError
from kerastc.forms import read_json
from kerastc.parents import parent_folder
from kerastc.run_files import RunFiles
from kerastc.run_forms import FORMS

INNER = ("phases", "steps", "folds")  # folders of a run whose trainings have their own folders


class Run(RunFiles):
    """A self-explanatory folder; see DESIGN in ARCHITECTURE.md for its files.

    Args:
        folder: an existing run folder. Use `Run.create` or `Run.open`.
        cache: the folder for work that other runs can reuse: features, downloaded texts.

    Attributes:
        moved: what `describe_data` adds to `locations` in config.json, by setting: see
            `kerastc.locations.remember`.
    """

    def __init__(self, folder: Path, cache: Path | None = None):
        super().__init__(folder)
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
                raise resuming.taken(run, config)
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
            UserError: if the folder is absent, is a model's, or holds no readable config.json.
        """
        run = cls(folder, cache)
        if not run.folder.is_dir():
            raise UserError(f"There is no run at {folder}.", resuming.nearby(run.folder))
        if not (run.folder / "config.json").is_file():
            raise UserError(
                f"{folder} is no run folder: it has no config.json.", resuming.nearby(run.folder)
            )
        if not {"model_type", "registered_name"}.isdisjoint(run.config):  # an unreadable one, too
            raise UserError(
                f"{folder} is no run: its config.json is that of a model.",
                f"Train on it: kerastc train RECIPE backbone={folder}",
            )
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
        """The part that its model is judged on; see `run_data.judged_on`."""
        known = self.path("data.json").is_file()
        return run_data.judged_on(self.read_json("data.json") if known else {})

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
        inner = (folder for name in INNER for folder in self.folder.glob(f"{name}/*"))
        folders = (self.folder, *inner)
        signs = ("checkpoints/*", "*.keras", "phase.json", "fold.json", "metrics.json")
        return any(any(folder.glob(sign)) for folder in folders for sign in signs)

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
        return resuming.command(self, self.resume_options)

    @property
    def how_to_go_on(self) -> str:
        """What to do if this run lacks something: a hint, with `resume_command` or another."""
        return resuming.hint(self)

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

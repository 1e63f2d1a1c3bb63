"""Recipes: short Python scripts with a docstring, a typed `Config`, a `load` and a `train`.

    load(config, run) -> splits            the data, before a backend is imported
    train(splits, config, run) -> Trained  on the splits, or on one of their folds
    explore(splits)                        more about the data, for the report (optional)
    afterwards(config, run)                work on the finished run (optional)

A recipe that does not train has a `run(config, run)` instead.
"""

import ast
import importlib.machinery
import importlib.util
import shlex
import sys
import types
from dataclasses import dataclass, field
from pathlib import Path

from kerastc.errors import UserError, nearest
from kerastc.settings import Config


@dataclass(frozen=True)
class Recipe:
    """A recipe's file, read but not run.

    Args:
        name: as the user writes it: the file's name with dashes, or the path given.
        path: the script.
        summary: the docstring's first line.
        cost: the first sentence of its `Cost:` paragraph; empty if it has none.
        expect: the first sentence of its `Expect:` paragraph; empty if it has none.
        data: its `Data:` paragraph: what it is trained on; empty if it has none.
        source: the script as it was when found: this text is run, and trusted.
    """

    name: str
    path: Path
    summary: str
    cost: str
    expect: str
    data: str = ""
    source: bytes = field(default=b"", repr=False)

    @property
    def own_data(self) -> bool:
        """Whether it is meant for a user's own data."""
        return self.data.startswith("your own")

    @property
    def stem(self) -> str:
        """Its name without the folder and suffix of a path: the name of its runs' folder."""
        return self.path.stem.replace("_", "-")

    def load(self) -> types.ModuleType:
        """Runs the script (a recipe is code: give only paths that you trust).

        Raises:
            UserError: if it lacks a part, or cannot be imported.
        """
        name = f"kerastc_recipe_{self.path.stem}"
        loader = _Loader(name, str(self.path), self.source)
        spec = importlib.util.spec_from_file_location(name, self.path, loader=loader)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # where pydantic and inspect look up a class's module
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise UserError(
                f"{self.path} cannot be run: {type(error).__name__}: {error}"
            ) from error
        config = getattr(module, "Config", None)
        if not (isinstance(config, type) and issubclass(config, Config)):
            raise UserError(f"{self.path} has no `class Config(settings.Config)`.")
        config.shown_by = f"kerastc show {self.name}"
        has = {name for name in ("load", "train", "run") if callable(getattr(module, name, None))}
        if not has & {"train", "run"}:
            raise UserError(f"{self.path} has no `def train(splits, config, run)`.")
        if "train" in has and "load" not in has:
            raise UserError(f"{self.path} has no `def load(config, run)`.")
        return module


class _Loader(importlib.machinery.SourceFileLoader):
    """Runs the source that was read, never a compiled file next to it, which may not match."""

    def __init__(self, name: str, path: str, source: bytes):
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> types.CodeType:
        return self.source_to_code(self._source, self.path)


def folder() -> Path:
    """The folder of the named recipes: in an installed wheel, or next to the package in a clone."""
    package = Path(__file__).parent
    installed = package / "recipes"
    return installed if installed.is_dir() else package.parent / "recipes"


def find(name: str) -> Recipe:
    """Finds a recipe by name, or by the path of a script.

    Raises:
        UserError: with the nearest name if there is no such recipe.
    """
    path = Path(name)
    names = {path.stem.replace("_", "-"): path for path in _scripts()}
    if name.replace("_", "-") in names:  # whatever is in the current folder
        name = name.replace("_", "-")
        return _read(name, names[name])
    if path.suffix not in ("", ".py") or path.is_dir():
        raise UserError(f"{name} is not a recipe.", _meant(path))
    if path.suffix or "/" in name:
        if not path.is_file():
            raise UserError(f"There is no recipe script at {name}.")
        return _read(name, path)
    if name.replace("_", "-") in study_names():
        raise UserError(
            f"{name} is a study of several recipes.", f"Run it: kerastc sweep --study {name}"
        )
    raise UserError(
        f"There is no recipe named {name!r}; there are: {', '.join(names)}.",
        nearest(name.replace("_", "-"), names)
        or "A recipe of your own is given by its path: ./mine.py",
    )


def same(script: Recipe, name: str) -> bool:
    """Whether a script is the recipe that a run names, which may be moved or gone."""
    return script.stem == Path(name).stem.replace("_", "-")


def _meant(path: Path) -> str:
    """The right command if the user named a run or data instead of a recipe."""
    from kerastc.found_runs import is_run
    from kerastc.run import Run

    if is_run(path):
        run = Run(path)
        return f"It is a {'finished run.' if run.finished else f'run. {run.how_to_go_on}'}"
    if path.suffix == ".toml":
        return f"A study is run by kerastc sweep --study {shlex.quote(str(path))}"
    images = path.is_dir() or path.suffix == ".npz"
    words = ["kerastc", "train", "supervised" if images else "text", f"data={path}"]
    return f"To train on it: {shlex.join(words)}"


def all_recipes() -> list[Recipe]:
    """The named recipes, in alphabetical order."""
    return [_read(path.stem.replace("_", "-"), path) for path in _scripts()]


def study_names() -> dict[str, Path]:
    """The files of the named studies, in alphabetical order; `kerastc.sweep` reads them."""
    files = sorted((folder() / "studies").glob("*.toml"))
    return {path.stem.replace("_", "-"): path for path in files}


def _scripts() -> list[Path]:
    return sorted(path for path in folder().glob("*.py") if not path.stem.startswith("_"))


def _read(name: str, path: Path) -> Recipe:
    """Reads the docstring without running the script."""
    try:
        source = path.read_bytes()
        docstring = ast.get_docstring(ast.parse(source)) or ""
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{path} is not Python: {error}") from None
    paragraphs = [" ".join(part.split()) for part in docstring.split("\n\n")]

    def sentence(start: str) -> str:
        found = next((p.removeprefix(start) for p in paragraphs if p.startswith(start)), "")
        return found.split(". ")[0].strip().removesuffix(".")

    told = (sentence(f"{head}:") for head in ("Cost", "Expect", "Data"))
    return Recipe(name, path, paragraphs[0], *told, source)

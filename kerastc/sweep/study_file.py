"""Studies: several recipes on one protocol, each a TOML file of recipes, their settings and seeds.

    summary = "Learning from few labels"
    seeds = [0, 1, 2]

    [settings]              # for every recipe that has them
    data = "photos/"
    epochs = 30

    [grid]                  # every combination, for the recipes that have these
    labelled = [100, 1000]

    [recipes.supervised]
    [recipes.fixmatch]      # a recipe's own settings override those for all
    epochs = 10
    [recipes.filtered]      # your own name, and the recipe's
    recipe = "one-class"
    method = "fixmatch"

Keys are those of the command line, including `augmentation.cutout = 0`, and so are paths, except
for a script instead of a recipe, which is looked for next to the study.

With `tasks = true` each recipe is a task of its own: it is judged by its own main figure and is a
column of the table, and no single best run is named.

With `folder = "."` all paths of data in the study lie in that folder, `.` or below it; the word
folder=DIR names another.
"""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pydantic
from pydantic import Field, StringConstraints

from kerastc import recipe, trust
from kerastc.errors import UserError, nearest

Seed = Annotated[int, Field(ge=0, lt=2**31)]
Name = Annotated[str, StringConstraints(pattern=r"^\w[\w-]*$")]


class Contents(pydantic.BaseModel):
    """The content of a study's file."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True)

    summary: str = ""
    data: str = ""  # these three as in a recipe's docstring
    cost: str = ""
    expect: str = ""
    tasks: bool = False  # whether each recipe is a task of its own
    folder: str | None = None  # of the data; None: paths as on the command line
    seeds: Annotated[list[Seed], Field(min_length=1)] = [0]
    settings: dict[str, Any] = {}
    grid: dict[str, Any] = {}
    recipes: Annotated[dict[Name, dict[str, Any]], Field(min_length=1)]


@dataclass(frozen=True)
class Study:
    """A study's file, read and checked for its form, not yet against its recipes.

    Args:
        name: of its folder of runs: the file's name with dashes.
        called: as the user writes it: the name, or the path given.
        path: the file, as shown in messages.
        sha256: of the file.
        contents: its content.
    """

    name: str
    called: str
    path: Path
    sha256: str
    contents: Contents

    def settings(self) -> dict[str, Any]:
        """The settings for every recipe that has them, by dotted key."""
        return dict(_flat(self.contents.settings))

    def grid(self) -> dict[str, list[Any]]:
        """The listed values for every recipe that has the fields, by dotted key."""
        return dict(_flat(self.contents.grid))

    def own(self, entry: str) -> dict[str, Any]:
        """The own settings of one of its recipes, by dotted key."""
        told = dict(_flat(self.contents.recipes[entry]))
        told.pop("recipe", None)
        return told

    def recipe_name(self, entry: str) -> str:
        """The name of an entry's recipe, or the path of its script."""
        name = self.contents.recipes[entry].get("recipe", entry)
        return str(self.path.parent / name) if trust.is_path(name) else name


def find_study(name: str) -> Study:
    """Finds a study by name, or by the path of its file.

    Raises:
        UserError: if there is none, or its file is not a valid study.
    """
    path = Path(name)
    names = recipe.study_names()
    if name.replace("_", "-") in names:
        return read_study(names[name.replace("_", "-")])
    if path.suffix == ".toml" or "/" in name:
        if not path.is_file():
            raise UserError(f"There is no study at {name}.", "A study is a TOML file.")
        return read_study(path)
    hint = nearest(name.replace("_", "-"), names)
    if name.replace("_", "-") in {script.name for script in recipe.all_recipes()}:
        hint = f"{name} is a recipe: kerastc sweep {name} KEY=VALUE,VALUE"
    raise UserError(
        f"There is no study named {name!r}; there are: {', '.join(names)}.",
        hint or "A study of your own is given by its path: ./mine.toml",
    )


def all_studies() -> list[Study]:
    """The named studies, in alphabetical order."""
    return [read_study(path) for path in recipe.study_names().values()]


def read_study(path: Path) -> Study:
    """Reads a study's file.

    Raises:
        UserError: with file and field, if it is not TOML or not a study.
    """
    try:
        content = path.read_bytes()
        table = tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not TOML: {error}") from None
    try:
        contents = Contents.model_validate(table)
    except pydantic.ValidationError as error:
        told = "\n".join(_explained(path, problem) for problem in error.errors())
        raise UserError(told, "See one: kerastc show cifar100") from None
    for key, values in _flat(contents.grid):
        if not isinstance(values, list) or not values:
            raise UserError(f"{path}: grid.{key} = {values!r} is no list of values.")
    for entry, told in contents.recipes.items():
        name = told.get("recipe", entry)
        if not isinstance(name, str) or not name:
            raise UserError(
                f"{path}: recipes.{entry}.recipe = {name!r} is no name of a recipe.",
                "See them: kerastc recipes",
            )
    name = path.stem.replace("_", "-")
    called = name if recipe.study_names().get(name) == path else str(path)
    return Study(name, called, path, hashlib.sha256(content).hexdigest(), contents)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _explained(path: Path, problem: Mapping[str, Any]) -> str:
    """One pydantic error in a user's words."""
    place = ".".join(str(part) for part in problem["loc"] if part != "[key]")
    known = Contents.model_fields
    if problem["type"] == "extra_forbidden":
        near = nearest(place, known) or f"Fields: {', '.join(known)}."
        return f"{path}: there is no field {place!r} in a study. {near}"
    if problem["type"] == "missing":
        return f"{path}: it names no recipes. Write [recipes.supervised], for example."
    return f"{path}: {place} = {problem['input']!r} is not allowed: {problem['msg']}."

"""Recipes: short Python scripts with a docstring, a typed `Config` and a `run(config, run)`."""

import ast
import copy
import difflib
import functools
import importlib.util
import inspect
import json
import sys
import tokenize
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pydantic

from kerastc.errors import UserError


class Config(pydantic.BaseModel):
    """What every recipe's `Config` extends: frozen, strict about names, defaults checked too."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, validate_default=True)

    seed: int = pydantic.Field(0, ge=0, lt=2**31)  # of splits, initial weights, order and dropout


@dataclass(frozen=True)
class Recipe:
    """A recipe's file, read but not run.

    Args:
        name: what the user calls it: the file's name, or the path that was given.
        path: the script.
        summary: the docstring's first line.
        cost: the first sentence of its `Cost:` paragraph; empty where it has none.
        expect: the first sentence of its `Expect:` paragraph; empty where it has none.
    """

    name: str
    path: Path
    summary: str
    cost: str
    expect: str

    def load(self) -> types.ModuleType:
        """Runs the script (a recipe is code: give only paths that you trust).

        Raises:
            UserError: where it lacks `Config` or `run`, or cannot be imported.
        """
        spec = importlib.util.spec_from_file_location(f"kerastc_recipe_{self.path.stem}", self.path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # where pydantic and inspect look a class's module up
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise UserError(
                f"{self.path} cannot be run: {type(error).__name__}: {error}"
            ) from error
        config = getattr(module, "Config", None)
        if not (isinstance(config, type) and issubclass(config, Config)):
            raise UserError(f"{self.path} has no `class Config(recipe.Config)`.")
        if not callable(getattr(module, "run", None)):
            raise UserError(f"{self.path} has no `def run(config, run)`.")
        return module


def folder() -> Path:
    """Where the named recipes are: inside an installed wheel, or beside the package in a clone."""
    package = Path(__file__).parent
    installed = package / "recipes"
    return installed if installed.is_dir() else package.parent / "recipes"


def find(name: str) -> Recipe:
    """Finds a recipe by name, or by the path of a script.

    Raises:
        UserError: with the nearest name where there is no such recipe.
    """
    if name.endswith(".py") or "/" in name:
        path = Path(name)
        if not path.is_file():
            raise UserError(f"There is no recipe script at {name}.")
        return _read(name, path)
    names = {path.stem: path for path in _scripts()}
    if name not in names:
        raise UserError(
            f"There is no recipe named {name!r}; there are: {', '.join(names)}.",
            _nearest(name, names) or "A recipe of your own is given by its path: ./mine.py",
        )
    return _read(name, names[name])


def all_recipes() -> list[Recipe]:
    """The named recipes, in alphabetical order."""
    return [_read(path.stem, path) for path in _scripts()]


def configure(
    config_class: type[Config], overrides: Sequence[str], base: Mapping[str, Any] | None = None
) -> Config:
    """Builds a config from `key=value` words; nested keys are dotted.

    Args:
        config_class: a recipe's `Config`.
        overrides: the words.
        base: nested values that the words change; the defaults where it is absent.

    Raises:
        UserError: for an unknown field, a wrong type or a value that is not allowed; it names the
            field, what was given, what is allowed, and the nearest name.
    """
    values: dict[str, Any] = copy.deepcopy(dict(base or {}))
    for word in overrides:
        key, equals, text = word.partition("=")
        if not equals:
            raise UserError(f"{word!r} is no override.", "Write key=value, without spaces.")
        *parents, last = key.split(".")
        field = find_field(config_class, key)
        place = values
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = _parse(text, field.type)
    return validate(config_class, values)


def validate(config_class: type[Config], values: Mapping[str, Any]) -> Config:
    """Builds a config from nested values, such as those of a run's config.json.

    Raises:
        UserError: as `configure` does.
    """
    try:
        return config_class.model_validate(values)
    except pydantic.ValidationError as error:
        raise UserError(
            "\n".join(_explain(config_class, problem) for problem in error.errors()),
            "See every field: kerastc show RECIPE",
        ) from None


@dataclass(frozen=True)
class Field:
    """One field of a config: its dotted key, type, default and the comment beside it."""

    key: str
    type: Any
    required: bool
    default: Any
    comment: str

    @property
    def type_name(self) -> str:
        """The type in the words of `kerastc show`: `float`, `head | all`, `int or none`."""
        return _type_name(self.type)


def fields(config_class: type[pydantic.BaseModel], prefix: str = "") -> Iterator[Field]:
    """Every field, a recipe's own before the inherited ones; nested ones with dotted keys."""
    comments = _comments(config_class)
    own = vars(config_class).get("__annotations__", {})
    names = sorted(config_class.model_fields, key=lambda name: name not in own)
    for name, info in ((name, config_class.model_fields[name]) for name in names):
        if _is_model(info.annotation):
            yield from fields(info.annotation, f"{prefix}{name}.")
        else:
            required = info.is_required()
            default = None if required else info.get_default()
            yield Field(prefix + name, info.annotation, required, default, comments.get(name, ""))


def find_field(config_class: type[Config], key: str) -> Field:
    """The field of a dotted key.

    Raises:
        UserError: with the nearest name where there is none.
    """
    known = {field.key: field for field in fields(config_class)}
    if key in known:
        return known[key]
    inner = [name for name in known if name.startswith(f"{key}.")]
    if inner:
        raise UserError(f"{key!r} is a group of fields.", f"Set one of: {', '.join(inner)}.")
    raise UserError(
        f"There is no field {key!r} in this recipe.",
        _nearest(key, known) or f"Fields: {', '.join(known)}.",
    )


def flat(config: Config) -> dict[str, Any]:
    """The config's values by dotted key."""

    def walk(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
        for name, value in values.items():
            if isinstance(value, dict):
                yield from walk(value, f"{prefix}{name}.")
            else:
                yield prefix + name, value

    return dict(walk(config.model_dump(mode="json"), ""))


def word(key: str, value: Any) -> str:
    """The `key=value` word that sets a field to a value."""
    if value is None:
        return f"{key}=none"
    if isinstance(value, list | tuple):
        return f"{key}={json.dumps(list(value), separators=(',', ':'))}"
    return f"{key}={str(value).lower() if isinstance(value, bool) else value}"


def _scripts() -> list[Path]:
    return sorted(path for path in folder().glob("*.py") if not path.stem.startswith("_"))


def _read(name: str, path: Path) -> Recipe:
    """Reads the docstring without running the script."""
    try:
        docstring = ast.get_docstring(ast.parse(path.read_bytes())) or ""
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{path} is not Python: {error}") from None
    paragraphs = [" ".join(part.split()) for part in docstring.split("\n\n")]

    def sentence(start: str) -> str:
        found = next((p.removeprefix(start) for p in paragraphs if p.startswith(start)), "")
        return found.split(". ")[0].strip().removesuffix(".")

    return Recipe(name, path, paragraphs[0], sentence("Cost:"), sentence("Expect:"))


def _nearest(name: str, known: typing.Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"Did you mean {near[0]!r}?" if near else ""


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel)


def _members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the type alone, without their bounds."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return tuple(_bare(member) for member in typing.get_args(annotation))
    return (_bare(annotation),)


def _bare(annotation: Any) -> Any:
    return annotation.__origin__ if hasattr(annotation, "__metadata__") else annotation


def _type_name(annotation: Any) -> str:
    if annotation is type(None):
        return "none"
    if typing.get_origin(annotation) is Literal:
        return " | ".join(map(str, typing.get_args(annotation)))
    if typing.get_origin(annotation) in (list, tuple):
        return f"list of {_type_name(typing.get_args(annotation)[0])}"
    if len(_members(annotation)) > 1:
        return " or ".join(map(_type_name, _members(annotation)))
    return getattr(annotation, "__name__", str(annotation))


def _parse(text: str, annotation: Any) -> Any:
    """Turns a word of the command line into what pydantic shall check."""
    members = _members(annotation)
    if type(None) in members and text.lower() in ("none", "null"):
        return None
    if any(typing.get_origin(member) in (list, tuple) for member in members):
        if text.startswith("["):
            try:
                return json.loads(text)
            except ValueError:
                return text
        return [part for part in text.split(",") if part]
    return text


def _explain(config_class: type[Config], problem: Mapping[str, Any]) -> str:
    """One pydantic error in a user's words."""
    key = ".".join(str(part) for part in problem["loc"] if isinstance(part, str))
    known = {field.key: field for field in fields(config_class)}
    if problem["type"] == "extra_forbidden":
        return f"There is no field {key!r} in this recipe. {_nearest(key, known)}".rstrip()
    if key not in known:  # a check over several fields
        return problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "missing":
        return f"{key}=… is required: {known[key].comment or known[key].type_name}."
    allowed = known[key].type_name
    given = problem["input"]
    near = _nearest(str(given), allowed.split(" | ")) if " | " in allowed else ""
    reason = "" if " | " in allowed else f" ({problem['msg'].removeprefix('Value error, ')})"
    return f"{key}={given} is not allowed: {key} takes {allowed}{reason}. {near}".rstrip()


def _comments(config_class: type[pydantic.BaseModel]) -> dict[str, str]:
    """The trailing comment of each field, looked up through the base classes."""
    found: dict[str, str] = {}
    for base in reversed(config_class.__mro__):
        if _is_model(base) and base is not pydantic.BaseModel:
            found |= {k: v for k, v in _class_comments(base).items() if v or k not in found}
    return found


@functools.cache
def _class_comments(config_class: type) -> dict[str, str]:
    source = Path(inspect.getsourcefile(config_class)).read_bytes()
    body = next(
        (
            node.body
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.ClassDef) and node.name == config_class.__name__
        ),
        [],
    )
    lines = iter(source.splitlines(keepends=True))
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.tokenize(lambda: next(lines, b""))
        if token.type == tokenize.COMMENT
    }
    return {
        node.target.id: comments.get(node.end_lineno, "")
        for node in body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }

"""The fields of settings: their keys, types, defaults, comments, and error messages."""

import dataclasses
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic.fields import FieldInfo

from kerastc.errors import UserError, nearest
from kerastc.setting_comments import comments
from kerastc.setting_types import as_dict, infos, is_group, type_name
from kerastc.synonyms import meant


@dataclasses.dataclass(frozen=True)
class IsLocation:
    """Marks a field that names a file or folder, which is found again when a run moves.

    Args:
        words: values that name none: whole words, and prefixes such as "tfds:".
    """

    words: tuple[str, ...] = ()

    def is_path(self, value: str) -> bool:
        """Whether a value may name a file or folder."""
        begun = any(value.startswith(word) for word in self.words if word.endswith((":", "/")))
        return bool(value) and value not in self.words and not begun


# Fields of other recipes, with a hint.
ELSEWHERE = {"folds": "The recipes text, supervised and arxiv can be cross-validated: folds=5"}
Location = typing.Annotated[str, IsLocation()]  # a field's type; a field named data is one anyway


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of a config: its dotted key, type, default and the comment beside it.

    `location` is set if it names a file or folder.
    """

    key: str
    type: Any
    required: bool
    default: Any
    comment: str
    location: IsLocation | None = None

    @property
    def type_name(self) -> str:
        """The type in the words of `kerastc show`: `float`, `head | all`, `int or none`."""
        return type_name(self.type)


def fields(
    config_class: type, prefix: str = "", defaults: Mapping[str, Any] | None = None
) -> Iterator[Field]:
    """Every field, a recipe's own before the inherited ones; nested ones with dotted keys.

    Args:
        config_class: the config, or a group of fields in it: a pydantic model or a dataclass.
        prefix: of the keys.
        defaults: nested values that replace the defaults of the class, such as those that
            depend on other settings.
    """
    if defaults is None:
        defaults = config_class.usual({}) if hasattr(config_class, "usual") else {}
    beside = comments(config_class)
    own = vars(config_class).get("__annotations__", {})
    known = infos(config_class)
    for name in sorted(known, key=lambda name: name not in own):
        info = known[name]
        required = info.is_required()
        default = None if required else defaults.get(name, info.get_default())
        if is_group(info.annotation):
            yield from fields(info.annotation, f"{prefix}{name}.", as_dict(default or {}))
        else:
            told = beside.get(name, "")
            place = _location(name, info)
            yield Field(prefix + name, info.annotation, required, default, told, place)


def _location(name: str, info: FieldInfo) -> IsLocation | None:
    members = typing.get_args(info.annotation)  # of a union
    marks = [*info.metadata, *(mark for m in members for mark in getattr(m, "__metadata__", ()))]
    found = next((mark for mark in marks if isinstance(mark, IsLocation)), None)
    return IsLocation() if found is None and name == "data" and info.annotation is str else found


def find_field(config_class: type, key: str, value: str = "") -> Field:
    """The field of a dotted key.

    Args:
        config_class: the config.
        key: its key, as the user writes it.
        value: its value, for the hint.

    Raises:
        UserError: with the nearest name if there is none.
    """
    known = {field.key: field for field in fields(config_class)}
    if key in known:
        return known[key]
    inner = [name for name in known if name.startswith(f"{key}.")]
    if inner:
        raise UserError(f"{key!r} is a group of fields.", f"Set one of: {', '.join(inner)}.")
    if value and (field := meant(key, known)) != key:
        raise UserError(
            f"There is no field {key!r} in {config_class.called}.", f"Write {field}={value}"
        )
    raise UserError(
        f"There is no field {key!r} in {config_class.called}.",
        _near(config_class, key, known)
        or ELSEWHERE.get(meant(key), "")
        or f"Fields: {', '.join(known)}.",
    )


def _near(config_class: type, key: str, known: Iterable[str]) -> str:
    """ "Did you mean ...?" for an unknown key, or nothing."""
    if key in config_class.absent:
        return f"It comes with {config_class.absent[key]}."
    field = meant(key, known)
    return f"Did you mean {field!r}?" if field != key else nearest(key, known)


def explained(config_class: type, problem: Mapping[str, Any]) -> str:
    """One pydantic error in a user's words."""
    key = ".".join(str(part) for part in problem["loc"] if isinstance(part, str))
    known = {field.key: field for field in fields(config_class)}
    if problem["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        near = _near(config_class, key, known)
        return f"There is no field {key!r} in {config_class.called}. {near}".rstrip()
    if key not in known:  # a check over several fields
        return problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "missing":
        return f"{key}=… is required: {known[key].comment or known[key].type_name}."
    return not_allowed(
        known[key], problem["input"], f" ({problem['msg'].removeprefix('Value error, ')})"
    )


def not_allowed(field: Field, given: Any, reason: str = "") -> str:
    """The message for a value that a field does not take."""
    key, allowed = field.key, field.type_name
    near = ""
    if " | " in allowed:
        near, reason = nearest(str(given), allowed.split(" | ")), ""
    return f"{key}={given} is not allowed: {key} takes {allowed}{reason}. {near}".rstrip()

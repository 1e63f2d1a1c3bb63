"""What a recipe can be told: typed settings, their words on the command line, their errors."""

import copy
import dataclasses
import json
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pydantic
from pydantic.fields import FieldInfo

from kerastc.errors import UserError, nearest
from kerastc.setting_comments import comments
from kerastc.setting_types import as_dict, infos, is_group, parse, type_name
from kerastc.synonyms import meant


@dataclasses.dataclass(frozen=True)
class IsLocation:
    """Marks a field that names a file or folder, which is found again when a run moves.

    Args:
        words: values that name none: whole words, and beginnings such as "tfds:".
    """

    words: tuple[str, ...] = ()

    def is_path(self, value: str) -> bool:
        """Whether a value may name a file or folder."""
        begun = any(value.startswith(word) for word in self.words if word.endswith((":", "/")))
        return bool(value) and value not in self.words and not begun


# What other recipes have, by its field.
ELSEWHERE = {"folds": "The recipes text, supervised and arxiv can be cross-validated: folds=5"}
Location = typing.Annotated[str, IsLocation()]  # a field's type; a field named data is one anyway


class Config(pydantic.BaseModel):
    """What every recipe's `Config` extends: frozen, strict about names, defaults checked too."""

    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False
    )
    called: ClassVar[str] = "this recipe"  # in messages
    shown_by: ClassVar[str] = "kerastc show RECIPE"  # the command that lists the fields

    seed: int = pydantic.Field(0, ge=0, lt=2**31)  # of splits, initial weights, order and dropout

    @classmethod
    def usual(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """What fields hold that are not given, where that hangs on those that are.

        Args:
            given: nested values, not yet checked.

        Returns:
            nested plain values; fields that are not among them have their defaults.
        """
        return {}

    @pydantic.model_validator(mode="before")
    @classmethod
    def _complete(cls, given: Any) -> Any:
        """Fills in the usual values; a group that is given in part keeps the rest of its own."""
        if not isinstance(given, Mapping):
            return given
        groups = {
            name: as_dict(info.get_default())
            for name, info in cls.model_fields.items()
            if is_group(info.annotation) and not info.is_required()
        }
        return _merged({**groups, **cls.usual(given)}, given)


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
    for index, word in enumerate(overrides):
        key, equals, text = word.partition("=")
        if not equals:
            following = next(iter(overrides[index + 1 :]), "")
            hint = _as_setting(config_class, word, following)
            raise UserError(f"{word!r} is not a setting.", hint)
        field = find_field(config_class, key, text)
        if field.location and not text.strip():
            raise UserError(
                f"{key}= names no file or folder.",
                f"Write {key}=PATH{'' if field.required else ', or leave it out'}.",
            )
        *parents, last = key.split(".")
        place = values
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = parse(text, field.type)
    return validate(config_class, values)


def _as_setting(config_class: type[Config], word: str, following: str) -> str:
    """How to write what a word without an equals sign, and the one behind it, may mean."""
    known = [field.key for field in fields(config_class)]
    if "data" in known and (Path(word).exists() or Path(word).suffix):
        return f"Write data={word}"
    key = meant(word.lstrip("-").replace("-", "_"), known)
    value = following if following and "=" not in following else "VALUE"
    return f"Write {key}={value}" if key in known else "Write key=value, without spaces."


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
            f"See every field: {config_class.shown_by}",
        ) from None


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of a config: its dotted key, type, default and the comment beside it.

    `location` is there where it names a file or folder.
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
        defaults: nested values where they are others than the class gives: of a config, those
            that are usual where nothing is given.
    """
    if defaults is None:
        defaults = config_class.usual({}) if issubclass(config_class, Config) else {}
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


def find_field(config_class: type[Config], key: str, value: str = "") -> Field:
    """The field of a dotted key.

    Args:
        config_class: the config.
        key: its key, as the user writes it.
        value: what it is set to, for the hint.

    Raises:
        UserError: with the nearest name where there is none.
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
        _near(key, known) or ELSEWHERE.get(meant(key), "") or f"Fields: {', '.join(known)}.",
    )


def _near(key: str, known: Iterable[str]) -> str:
    """The question that an unknown key deserves, or nothing."""
    field = meant(key, known)
    return f"Did you mean {field!r}?" if field != key else nearest(key, known)


def flat(config: Config) -> dict[str, Any]:
    """The config's values by dotted key."""

    def walk(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
        for name, value in values.items():
            if isinstance(value, dict):
                yield from walk(value, f"{prefix}{name}.")
            else:
                yield prefix + name, value

    return dict(walk(config.model_dump(mode="json"), ""))


def changed(config: Config) -> dict[str, Any]:
    """What makes the config again when it alone is given: what is not usual, by dotted key."""
    values = flat(config)
    usual = type(config).usual(config.model_dump(mode="json"))
    return {
        field.key: values[field.key]
        for field in fields(type(config), defaults=usual)
        if field.required or values[field.key] != _plain(field.default)
    }


def _plain(value: Any) -> Any:
    """A default as JSON gives it back."""
    return list(value) if isinstance(value, tuple) else value


def word(key: str, value: Any) -> str:
    """The `key=value` word that sets a field to a value."""
    if value is None:
        return f"{key}=none"
    if isinstance(value, list | tuple):
        return f"{key}={json.dumps(list(value), separators=(',', ':'))}"
    return f"{key}={str(value).lower() if isinstance(value, bool) else value}"


def _merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Nested values, those given in the place of those before."""
    merged = dict(before)
    for name, value in given.items():
        old = merged.get(name)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[name] = _merged(old, value) if both else value
    return merged


def _explain(config_class: type[Config], problem: Mapping[str, Any]) -> str:
    """One pydantic error in a user's words."""
    key = ".".join(str(part) for part in problem["loc"] if isinstance(part, str))
    known = {field.key: field for field in fields(config_class)}
    if problem["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        near = _near(key, known)
        return f"There is no field {key!r} in {config_class.called}. {near}".rstrip()
    if key not in known:  # a check over several fields
        return problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "missing":
        return f"{key}=… is required: {known[key].comment or known[key].type_name}."
    allowed = known[key].type_name
    given = problem["input"]
    near = nearest(str(given), allowed.split(" | ")) if " | " in allowed else ""
    reason = "" if " | " in allowed else f" ({problem['msg'].removeprefix('Value error, ')})"
    return f"{key}={given} is not allowed: {key} takes {allowed}{reason}. {near}".rstrip()

"""A recipe's typed settings, their words on the command line, their errors."""

import copy
import dataclasses
import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pydantic

from kerastc.errors import UserError
from kerastc.setting_fields import (
    Field,
    IsLocation,
    Location,
    explained,
    fields,
    find_field,
    not_allowed,
)
from kerastc.setting_types import as_dict, is_group, parse
from kerastc.synonyms import meant

__all__ = [
    "Config",
    "Field",
    "IsLocation",
    "Location",
    "changed",
    "configure",
    "fields",
    "find_field",
    "flat",
    "settled",
    "shown",
    "validate",
    "word",
]


class Config(pydantic.BaseModel):
    """The base of every recipe's `Config`: frozen, strict about names, defaults checked too."""

    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False
    )
    called: ClassVar[str] = "this recipe"  # in messages
    shown_by: ClassVar[str] = "kerastc show RECIPE"  # the command that lists the fields
    further: ClassVar[Mapping[str, Mapping[str, type["Config"]]]] = {}  # see `settled`
    absent: ClassVar[Mapping[str, str]] = {}  # further fields, and the words that bring them

    seed: int = pydantic.Field(0, ge=0, lt=2**31)  # of splits, initial weights, order and dropout

    @classmethod
    def usual(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Defaults of fields that depend on the values given.

        Args:
            given: nested values, not yet checked.

        Returns:
            nested plain values; other fields keep their defaults.
        """
        return {}

    @pydantic.model_validator(mode="before")
    @classmethod
    def _complete(cls, given: Any) -> Any:
        """Fills in the defaults; a group given in part keeps its other values."""
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
        base: nested values that the words change; by default the defaults.

    Raises:
        UserError: for an unknown field, a wrong type or a value that is not allowed; it names the
            field, what was given, what is allowed, and the nearest name.
    """
    config_class = settled(config_class, dict(base or {}) | _top(overrides))
    kept = {name: value for name, value in (base or {}).items() if name not in config_class.absent}
    return validate(config_class, _parsed(config_class, overrides, kept))


def _parsed(
    config_class: type[Config], words: Sequence[str], base: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Nested values, updated by those of the words."""
    values: dict[str, Any] = copy.deepcopy(dict(base or {}))
    for index, word in enumerate(words):
        key, equals, text = word.partition("=")
        if not equals:
            following = next(iter(words[index + 1 :]), "")
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
    return values


def _as_setting(config_class: type[Config], word: str, following: str) -> str:
    """How to write the likely meaning of a word without an equals sign and the next one."""
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
    config_class = settled(config_class, values)
    try:
        return config_class.model_validate(values)
    except pydantic.ValidationError as error:
        raise _refusal(config_class, error.errors()) from None


def settled(config_class: type[Config], given: Mapping[str, Any]) -> type[Config]:
    """The config with the settings that its `further` adds for given values.

    `further` maps a field to its values, and these to the settings that come with each: the
    fields of a method, say, by the method's name.

    Args:
        config_class: a recipe's `Config`.
        given: values by field, not yet checked; the default is used for missing fields.

    Raises:
        UserError: for a value that is not in `further`.
    """
    for key, classes in config_class.further.items():
        value = str(given.get(key, config_class.model_fields[key].default))
        if value not in classes:
            told = not_allowed(find_field(config_class, key), value)
            raise UserError(told, f"See every field: {config_class.shown_by}")
        config_class = _joined(config_class, key, value)
    return config_class


@functools.cache
def _joined(config_class: type[Config], key: str, value: str) -> type[Config]:
    classes = config_class.further[key]
    others: dict[str, list[str]] = {}
    for other, its_class in classes.items():
        for name in its_class.model_fields:
            others.setdefault(name, []).append(f"{key}={other}")
    # A recipe's own fields come before the inherited ones.
    own = {name: config_class.model_fields[name] for name in config_class.__annotations__}
    joined = pydantic.create_model(
        config_class.__name__,
        __base__=(config_class, classes[value]),
        __module__=config_class.__module__,
        **{name: (info.annotation, info) for name, info in own.items()},
    )
    joined.further = {k: v for k, v in config_class.further.items() if k != key}
    joined.absent = {
        name: " or ".join(words)
        for name, words in others.items()
        if name not in joined.model_fields
    }
    joined.shown_by = f"{config_class.shown_by} {key}={value}"
    return joined


def _top(words: Sequence[str]) -> dict[str, str]:
    """The texts that words assign to fields outside groups."""
    pairs = (word.partition("=") for word in words)
    return {key: text for key, equals, text in pairs if equals and "." not in key}


def shown(config_class: type[Config], words: Sequence[str]) -> list[Field]:
    """Every field with its value, given the words.

    Raises:
        UserError: as `configure` does; required fields may be left out.
    """
    given = _parsed(settled(config_class, _top(words)), words)
    config_class = settled(config_class, given)
    try:
        config_class.model_validate(given)
    except pydantic.ValidationError as error:
        if wrong := [problem for problem in error.errors() if problem["type"] != "missing"]:
            raise _refusal(config_class, wrong) from None
    keys = {word.partition("=")[0] for word in words}
    found = fields(config_class, defaults=_merged(config_class.usual(given), given))
    return [_of_its_type(field) if field.key in keys else field for field in found]


def _of_its_type(field: Field) -> Field:
    value = pydantic.TypeAdapter(field.type).validate_python(field.default)
    return dataclasses.replace(field, default=value)


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
    """The values that differ from the defaults, by dotted key: they alone rebuild the config."""
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
    """Nested values, with those given replacing earlier ones."""
    merged = dict(before)
    for name, value in given.items():
        old = merged.get(name)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[name] = _merged(old, value) if both else value
    return merged


def _refusal(config_class: type[Config], problems: Sequence[Mapping[str, Any]]) -> UserError:
    return UserError(
        "\n".join(explained(config_class, problem) for problem in problems),
        f"See every field: {config_class.shown_by}",
    )

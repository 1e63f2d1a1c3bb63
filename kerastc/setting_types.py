"""The types of settings: groups of them, a type in a user's words, a value from a word."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

import pydantic
from pydantic.fields import FieldInfo


def is_group(annotation: Any) -> bool:
    return isinstance(annotation, type) and (
        issubclass(annotation, pydantic.BaseModel) or dataclasses.is_dataclass(annotation)
    )


def infos(config_class: type) -> dict[str, FieldInfo]:
    """Pydantic's information on the fields of a model, or of a plain dataclass."""
    if issubclass(config_class, pydantic.BaseModel):
        return config_class.model_fields
    return {
        field.name: FieldInfo.from_annotated_attribute(field.type, field.default)
        for field in dataclasses.fields(config_class)
    }


def as_dict(group: Any) -> dict[str, Any]:
    """The values of a group of fields, nested."""
    if isinstance(group, Mapping):
        return dict(group)
    return dataclasses.asdict(group) if dataclasses.is_dataclass(group) else group.model_dump()


def _members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the type alone, without their bounds."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return tuple(_bare(member) for member in typing.get_args(annotation))
    return (_bare(annotation),)


def _bare(annotation: Any) -> Any:
    return annotation.__origin__ if hasattr(annotation, "__metadata__") else annotation


def type_name(annotation: Any) -> str:
    if annotation is type(None):
        return "none"
    if typing.get_origin(annotation) is Literal:
        return " | ".join(map(str, typing.get_args(annotation)))
    if typing.get_origin(annotation) in (list, tuple):
        return f"list of {type_name(_bare(typing.get_args(annotation)[0]))}"
    if len(_members(annotation)) > 1:
        return " or ".join(map(type_name, _members(annotation)))
    return getattr(annotation, "__name__", str(annotation))


def parse(text: str, annotation: Any) -> Any:
    """Turns a command-line word into the value that pydantic checks."""
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

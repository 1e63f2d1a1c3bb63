"""One swept field: the values that a word lists, or the range that it gives."""

import json
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerastc import settings
from kerastc.errors import UserError

if TYPE_CHECKING:
    import optuna

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})((?::\w*)*)")


@dataclass(frozen=True)
class Choices:
    """A field that takes listed values; each is kept as the text after `key=`."""

    key: str
    texts: tuple[str, ...]

    def suggest(self, trial: "optuna.Trial") -> str:
        """The value of a trial."""
        return trial.suggest_categorical(self.key, self.texts)

    def text(self, value: str) -> str:
        """The text after `key=` for a suggested value."""
        return value

    def ends(self) -> tuple[str, ...]:
        """The texts that the recipe must accept."""
        return self.texts

    def as_json(self) -> list[str]:
        """The key and its texts."""
        return [self.key, *self.texts]


@dataclass(frozen=True)
class Range:
    """A numeric field that takes any value from `low` to `high`, both included.

    Args:
        key: the field.
        low, high: both int, for whole numbers, or both float.
        log: drawn evenly by magnitude.
    """

    key: str
    low: int | float
    high: int | float
    log: bool

    def suggest(self, trial: "optuna.Trial") -> int | float:
        """The value of a trial."""
        suggest = trial.suggest_int if isinstance(self.low, int) else trial.suggest_float
        return suggest(self.key, self.low, self.high, log=self.log)

    def text(self, value: int | float) -> str:
        """The text after `key=` for a suggested value: four digits are enough for a float."""
        if isinstance(value, int):
            return str(value)
        return str(min(max(float(f"{value:.4g}"), self.low), self.high))

    def ends(self) -> tuple[str, ...]:
        """The texts that the recipe must accept."""
        return str(self.low), str(self.high)

    def as_json(self) -> list[str]:
        """The key and the range as a user writes it."""
        return [self.key, f"{self.low}..{self.high}{':log' if self.log else ''}"]


def read_axis(config_class: type[settings.Config], word: str) -> Choices | Range:
    key, equals, text = word.partition("=")
    if not equals:
        raise UserError(f"{word!r} is no override.", "Write key=value, key=a,b or key=low..high.")
    annotation = settings.find_field(config_class, key).type
    if match := _RANGE.fullmatch(text):
        return _range(key, annotation, *match.groups())
    if _takes(annotation, list, tuple):
        if "[" not in text:  # as for `kerastc train`: one list
            return Choices(key, (text,))
        return Choices(key, tuple(_as_json(part) for part in _split(word, text)))
    return Choices(key, tuple(_unquoted(part) for part in _split(word, text)))


def _range(key: str, annotation: Any, low: str, high: str, options: str) -> Range:
    word = f"{key}={low}..{high}{options}"
    chosen = options.split(":")[1:]
    if unknown := set(chosen) - {"log", "int"}:
        raise UserError(
            f"{word}: there is no option {sorted(unknown)[0]!r} of a range.",
            "Allowed: :log (evenly by magnitude) and :int (whole numbers).",
        )
    if not _takes(annotation, int, float):
        raise UserError(f"{word}: {key} takes no numbers, so it has no range.", f"Write {key}=a,b")
    ends: list[int | float] = [float(low), float(high)]
    if "int" in chosen or not _takes(annotation, float):
        if not all(end.is_integer() for end in ends):
            raise UserError(f"{word}: it takes whole numbers, so both ends must be whole.")
        ends = [int(end) for end in ends]
    if ends[0] >= ends[1]:
        raise UserError(f"{word}: the low end must come first and be less than the high end.")
    if "log" in chosen and ends[0] <= 0:
        raise UserError(f"{word}: a logarithmic range must begin above 0.")
    return Range(key, *ends, "log" in chosen)


def _split(word: str, text: str) -> list[str]:
    """Parts between commas outside brackets and double quotes."""
    parts, depth, quoted = [""], 0, False
    for character in text:
        quoted ^= character == '"'
        if not quoted:
            depth += (character in "[{(") - (character in "]})")
        if character == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    if depth or quoted:
        raise UserError(
            f"{word}: a bracket or a double quote has no partner.",
            "Commas inside brackets or double quotes separate no values.",
        )
    return parts


def _as_json(part: str) -> str:
    """`[a,b]` with its items quoted; JSON, and `none`, as they are."""
    if not part.startswith("["):
        return part
    try:
        json.loads(part)
    except ValueError:
        items = [item.strip() for item in part.strip("[]").split(",")]
        return json.dumps(items, separators=(",", ":"))
    return part


def _unquoted(part: str) -> str:
    return part[1:-1] if len(part) > 1 and part[0] == part[-1] == '"' else part


def _takes(annotation: Any, *kinds: type) -> bool:
    """Whether one of the types that a field accepts is one of `kinds`."""
    return any(kind in kinds for kind in _kinds(annotation))


def _kinds(annotation: Any) -> Iterator[Any]:
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        for member in typing.get_args(annotation):
            yield from _kinds(member)
    elif origin is typing.Annotated:
        yield from _kinds(annotation.__origin__)
    else:
        yield origin or annotation

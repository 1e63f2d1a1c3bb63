"""The words of a sweep: which fields stay as they are, which take listed values, which a range."""

import itertools
import json
import random
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
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
    """A field that takes listed values; each is kept as the text behind `key=`."""

    key: str
    texts: tuple[str, ...]

    def suggest(self, trial: "optuna.Trial") -> str:
        """The value of a trial."""
        return trial.suggest_categorical(self.key, self.texts)

    def text(self, value: str) -> str:
        """What stands behind `key=` for a suggested value."""
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
        low, high: both int, and then whole numbers are drawn, or both float.
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
        """What stands behind `key=` for a suggested value: four digits tell enough of a float."""
        if isinstance(value, int):
            return str(value)
        return str(min(max(float(f"{value:.4g}"), self.low), self.high))

    def ends(self) -> tuple[str, ...]:
        """The texts that the recipe must accept."""
        return str(self.low), str(self.high)

    def as_json(self) -> list[str]:
        """The key and the range as a user writes it."""
        return [self.key, f"{self.low}..{self.high}{':log' if self.log else ''}"]


@dataclass(frozen=True)
class SearchSpace:
    """What a sweep changes, and what it keeps.

    Args:
        fixed: `key=value` words of every trial, in the order of their keys.
        axes: the swept fields in the order of their keys, so that the order in which a user
            writes the words makes no other study.
    """

    fixed: tuple[str, ...]
    axes: tuple[Choices | Range, ...]

    @property
    def ranges(self) -> list[Range]:
        """The axes that no grid can cover."""
        return [axis for axis in self.axes if isinstance(axis, Range)]

    def grid(self) -> list[dict[str, str]]:
        """Every combination of the listed values; wants a space without ranges."""
        keys = [axis.key for axis in self.axes]
        rows = itertools.product(*(axis.texts for axis in self.axes))
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def plan(self, trials: int | None, seed: str) -> dict[int, dict[str, str]]:
        """The texts of each trial by number and key; none where a sampler shall draw them.

        Args:
            trials: how many; of a grid, None means all and fewer are chosen at random.
            seed: of that choice, so that every worker and every later call chooses the same.

        Raises:
            UserError: where a range comes without a number of trials.
        """
        if trials is not None and trials < 1:
            raise UserError(f"--trials {trials}: at least 1 is wanted.")
        if ranges := self.ranges:
            if trials is None:
                keys = ", ".join(axis.key for axis in ranges)
                raise UserError(
                    f"A range ({keys}) has no last value: say how many trials to run.",
                    "Add --trials N, for example --trials 20.",
                )
            return {number: {} for number in range(trials)}
        grid = dict(enumerate(self.grid()))
        if trials is None or trials >= len(grid):
            return grid
        # The whole grid is put in order, so that a later, larger number keeps these trials.
        order = random.Random(seed).sample(sorted(grid), len(grid))
        return {number: grid[number] for number in order[:trials]}

    def draw(self, trial: "optuna.Trial") -> dict[str, str]:
        """The texts of a trial by key: those enqueued with it, else what the sampler suggests."""
        return self.texts({axis.key: axis.suggest(trial) for axis in self.axes})

    def texts(self, values: Mapping[str, Any]) -> dict[str, str]:
        """The texts of suggested values by key; fields without a value are left out."""
        return {a.key: a.text(values[a.key]) for a in self.axes if a.key in values}

    def words(self, drawn: Mapping[str, str]) -> list[str]:
        """All `key=value` words of a trial."""
        return [*self.fixed, *(f"{key}={text}" for key, text in drawn.items())]

    def as_dict(self) -> dict[str, Any]:
        """What two workers of one study must agree on, ready for JSON."""
        return {"swept": [axis.as_json() for axis in self.axes], "fixed": list(self.fixed)}


def parse(config_class: type[settings.Config], words: Sequence[str]) -> SearchSpace:
    """Reads `key=a,b,c` (a grid), `key=1e-6..1e-2:log` (a range) and `key=value` (fixed).

    A comma inside brackets or double quotes does not separate: a field that takes a list is swept
    by `key=[a,b],[c]`, and a text with a comma is written `key='"a,b"'`.

    Args:
        config_class: the recipe's `Config`, which must accept every value: each one beside the
            first values of the other fields and, where there is no range, each combination.
        words: as on the command line.

    Raises:
        UserError: for an unknown field, a value that is not allowed, a range that makes no sense,
            a field given twice, or words that sweep nothing.
    """
    axes = [_axis(config_class, word) for word in words]
    keys = [axis.key for axis in axes]
    if twice := {key for key in keys if keys.count(key) > 1}:
        raise UserError(
            f"{', '.join(sorted(twice))} is given twice.",
            "Write all its values in one word: key=a,b,c",
        )
    if any(axis.key == "folds" for axis in axes):
        raise UserError(
            "A sweep with folds= would choose settings by rows that are test rows, too: the "
            "figures of what it chose would be too good.",
            "Sweep without folds. Runs of several seeds: kerastc train ... folds=5 seed=1, and so "
            "on, then kerastc compare.",
        )
    axes = _as_the_config_writes_them(config_class, sorted(axes, key=lambda axis: axis.key))
    swept = [axis for axis in axes if isinstance(axis, Range) or len(axis.texts) > 1]
    if not swept:
        raise UserError(
            "There is nothing to sweep: no field has more than one value.",
            "Give values, learning_rate=1e-3,1e-2, or a range, learning_rate=1e-4..1e-2:log; "
            "the values of a field that takes a list stand in brackets: key=[a,b],[c]",
        )
    fixed = tuple(f"{axis.key}={axis.texts[0]}" for axis in axes if axis not in swept)
    space = SearchSpace(fixed, tuple(swept))
    if not space.ranges:
        for drawn in space.grid():
            settings.configure(config_class, space.words(drawn))
    return space


def _axis(config_class: type[settings.Config], word: str) -> Choices | Range:
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
            raise UserError(f"{word}: whole numbers are wanted, so both ends must be whole.")
        ends = [int(end) for end in ends]
    if ends[0] >= ends[1]:
        raise UserError(f"{word}: the low end must stand first and be less than the high end.")
    if "log" in chosen and ends[0] <= 0:
        raise UserError(f"{word}: a logarithmic range must begin above 0.")
    return Range(key, *ends, "log" in chosen)


def _as_the_config_writes_them(
    config_class: type[settings.Config], axes: Sequence[Choices | Range]
) -> list[Choices | Range]:
    """Checks every value beside the first of the others; 5e-2 and 0.05 become the same text."""
    first = {axis.key: axis.ends()[0] for axis in axes}
    written: list[Choices | Range] = []
    for axis in axes:
        texts = []
        for text in axis.ends():
            words = [f"{key}={value}" for key, value in (first | {axis.key: text}).items()]
            values = settings.flat(settings.configure(config_class, words))
            # A field that holds a dict has no word of its own there; it stays as it was given.
            if axis.key in values:
                text = settings.word(axis.key, values[axis.key]).partition("=")[2]
            if text in texts:
                raise UserError(f"{axis.key}={text} is given twice.", "Leave one of them out.")
            texts.append(text)
        written.append(Choices(axis.key, tuple(texts)) if isinstance(axis, Choices) else axis)
    return written


def _split(word: str, text: str) -> list[str]:
    """Parts between the commas that stand outside brackets and double quotes."""
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

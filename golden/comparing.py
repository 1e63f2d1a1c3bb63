"""What differs between two sides, and the table that says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from golden.values import Values

ABSENT = "nothing"
SHOWN = 5  # differences of a file
LONGEST = 28  # characters of a value


@dataclass(frozen=True)
class Difference:
    """A value that is not the same on both sides, or on one side alone."""

    file: str
    key: str
    base: str
    now: str


@dataclass(frozen=True)
class Comparison:
    """All that was compared: the number of values of each file, and what differs."""

    counts: Mapping[str, int]
    differences: tuple[Difference, ...]


def compare(base: Values, now: Values) -> Comparison:
    """Compares to the last digit: texts, numbers, types, and arrays bit by bit."""
    counts, differences = {}, []
    for file in sorted({*base, *now}):
        ours, theirs = base.get(file), now.get(file)
        if ours is None or theirs is None:
            told = [ABSENT if side is None else "a file" for side in (ours, theirs)]
            said = (ours or theirs or {}).get("said")  # what a step failed of
            if said is not None:
                told = [ABSENT if side is None else str(said) for side in (ours, theirs)]
            differences.append(Difference(file, "", *told))
            continue
        if file.endswith(".keras"):
            theirs = under_the_names_of(ours, theirs)
        keys = dict.fromkeys((*ours, *theirs))
        counts[file] = len(keys)
        for key in keys:
            told = difference(ours.get(key, ABSENT), theirs.get(key, ABSENT))
            if told:
                differences.append(Difference(file, key, *told))
    return Comparison(counts, tuple(differences))


def under_the_names_of(base: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Weights that only bear another name get the one that they had."""
    gone = [key for key in base if key not in now]
    found = {}
    for key, value in now.items():
        same = [k for k in gone if key not in base and difference(base[k], value) is None]
        if same:
            gone.remove(same[0])
        found[same[0] if same else key] = value
    return found


def difference(base: Any, now: Any) -> tuple[str, str] | None:
    """Both values in words where they are not the same."""
    if isinstance(base, np.ndarray) and isinstance(now, np.ndarray):
        return _of_arrays(base, now)
    if isinstance(base, bytes) and isinstance(now, bytes):
        lines = (base.splitlines(), now.splitlines())
        return None if base == now else _of_lines(*lines)
    # As text, so that 1 is not 1.0 and NaN is NaN.
    return None if repr(base) == repr(now) else (_short(base), _short(now))


def _of_arrays(base: np.ndarray, now: np.ndarray) -> tuple[str, str] | None:
    if (base.dtype, base.shape) != (now.dtype, now.shape):
        return tuple(f"{array.dtype}{list(array.shape)}" for array in (base, now))
    if base.tobytes() == now.tobytes():
        return None
    ours, theirs = (
        np.ascontiguousarray(array).reshape(-1).view(np.uint8).reshape(array.size, array.itemsize)
        for array in (base, now)
    )
    places = np.flatnonzero((ours != theirs).any(axis=1))
    first, of = places[0], f"{len(places)} of {base.size}"
    return f"[{first}] {base.flat[first]!s}", f"{now.flat[first]!s} ({of} differ)"


def _of_lines(base: list[bytes], now: list[bytes]) -> tuple[str, str]:
    longest = max(len(base), len(now))
    padded = ([*side, *[b""] * (longest - len(side))] for side in (base, now))
    for number, (ours, theirs) in enumerate(zip(*padded, strict=True), 1):
        if ours != theirs:
            return f"line {number}: {_short(ours)}", _short(theirs)
    return f"{len(base)} lines", f"{len(now)} lines"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def group(file: str) -> str:
    """The run or command that a file belongs to."""
    parts = file.split("/")
    return "/".join(parts[:2]) if len(parts) > 1 else file


def table(found: Comparison) -> str:
    """A line for each run and command, then what differs."""
    groups = dict.fromkeys(
        sorted(map(group, [*found.counts, *(d.file for d in found.differences)]))
    )
    lines = []
    for name in groups:
        counts = [count for file, count in found.counts.items() if group(file) == name]
        differing = [d for d in found.differences if group(d.file) == name]
        state = f"{len(differing):,} differ" if differing else "equal"
        lines.append(f"{name:58} {len(counts):5} {sum(counts):9,}  {state}")
    told = "\n".join([f"{'run or command':58} {'files':>5} {'values':>9}", *lines])
    return "\n".join([told, *_differing(found)])


def _differing(found: Comparison) -> list[str]:
    lines = []
    for file in dict.fromkeys(d.file for d in found.differences):
        own = [d for d in found.differences if d.file == file]
        lines += ["", file]
        lines += [f"    {d.key or 'the file'}: {d.base} became {d.now}" for d in own[:SHOWN]]
        if len(own) > SHOWN:
            lines.append(f"    and {len(own) - SHOWN:,} others")
    return lines

"""How figures, sizes and times are written in tables."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from kerastc.text.cutting import cut_at_word

MISSING = "\N{EN DASH}"


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted names; lists stay values."""
    flat = {}
    for name, value in nested.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def number(value: Any, digits: int = 3) -> str:
    """A figure with fixed digits; a dash if there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return MISSING
    return f"{value:.{digits}f}"


def signed(value: Any, digits: int = 3) -> str:
    """A difference with its sign: `-0.008`; a dash if there is none."""
    return MISSING if finite(value) is None else f"{value:+.{digits}f}"


def signed_interval(bounds: Sequence[float] | None) -> str:
    """`low to high` of a difference; empty if there is no interval."""
    return f"{signed(bounds[0])} to {signed(bounds[1])}" if bounds else ""


def percent(share: Any, digits: int = 1) -> str:
    """A share from 0 to 1 in per cent: `95.5 %`; a dash if there is none."""
    return MISSING if finite(share) is None else f"{100 * share:.{digits}f} %"


def interval(bounds: Sequence[float] | None) -> str:
    """`low to high`; empty if there is no interval."""
    return f"{number(bounds[0])} to {number(bounds[1])}" if bounds else ""


def short(value: float, bounds: Sequence[float] | None) -> str:
    """`0.880 [.805 .944]`: short enough for three in a row of 80 columns."""
    if not bounds:
        return f"{value:.3f}"
    low, high = (f"{end:.3f}".removeprefix("0") for end in bounds)
    return f"{value:.3f} [{low} {high}]"


def count(value: Any) -> str:
    """A whole number with thousands separators; a dash if there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return MISSING
    return f"{value:,.0f}"


def duration(seconds: Any) -> str:
    """Seconds in readable form: `41.2 s`, `4 min 12 s`, `2 h 05 min`."""
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return MISSING
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def size(octets: Any) -> str:
    """Bytes in KiB, MiB or GiB; small values with three digits."""
    if not isinstance(octets, int | float) or not math.isfinite(octets):
        return MISSING
    if octets >= 2**30:
        return f"{octets / 2**30:.2f} GiB"
    scaled, unit = (octets / 2**20, "MiB") if octets >= 2**20 else (octets / 2**10, "KiB")
    return f"{scaled:.0f} {unit}" if scaled >= 100 else f"{scaled:.3g} {unit}"


def milliseconds(value: Any) -> str:
    """A short time with three digits: `0.334 ms`; a dash if there is none."""
    if finite(value) is None:
        return MISSING
    return f"{value:.0f} ms" if value >= 100 else f"{value:.3g} ms"


def scalar(value: Any) -> str:
    """A setting's value as typed on the command line; numbers without needless digits."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(scalar(item) for item in value)
    return str(value)


def setting(settings: Mapping[str, Any], field: str) -> str:
    """A field of the settings as text; a dash if they have no such field."""
    return scalar(settings[field]) if field in settings else MISSING


def shown_text(text: str, characters: int = 320) -> str:
    """A text for a table cell: white space collapsed, cut at a word with an ellipsis."""
    folded = " ".join(str(text).split())
    cut = cut_at_word(folded, characters)
    return cut if cut == folded else cut + " …"


def finite(value: Any) -> float | None:
    """The number, or None if it is not one, NaN or infinite."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None


def without_nan(value: Any) -> Any:
    """The same nested value with None for every non-finite number, as strict JSON requires."""
    if isinstance(value, Mapping):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return finite(value) if isinstance(value, float) else value


def spread(figure: Mapping[str, float | None]) -> str:
    """`mean ± deviation` of a figure over seeds."""
    if figure["deviation"] is None:
        return number(figure["mean"])
    return f"{number(figure['mean'])} ± {number(figure['deviation'])}"

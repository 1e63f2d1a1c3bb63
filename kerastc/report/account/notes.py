"""What readers of an account must know: what is missing, what cannot be compared."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastc import formatting
from kerastc.report.untested import untested
from kerastc.run import Run
from kerastc.scores.figures import Figure
from kerastc.scores.pareto import judged

Row = Mapping[str, Any]
_CONDITIONS = {
    "machine": "on different machines",
    "threads": "with different numbers of threads",
    "batch": "with different batches",
    "length": "with {units} of different lengths",
}


def notes(rows: Sequence[Row], main: Figure, units: str, described: Mapping[str, Any]) -> list[str]:
    """The notes on a table of models, with the commands that fill the gaps.

    Args:
        rows: of `model_rows`.
        main: the figure that decides.
        units: what several examples are called.
        described: the original's data.json.
    """
    part = rows[0].get("judged_on", "test")
    found = [
        untested(described, units),
        *(_unfinished(row) for row in rows if not _whole(row)),
        _named(
            rows,
            lambda row: (
                not row["comparable"] and formatting.finite(judged(row)[main.name]) is not None
            ),
            "not measured on the original's data (their fingerprints differ) and not compared.",
        ),
        _named(
            rows,
            _of_other_rows,
            f"without predictions of the original's {part} rows: no agreement, no difference.",
        ),
        _unexported(rows),
        _unmeasured(rows),
    ]
    measured = [row for row in rows if row["latency_p50_ms"] is not None]
    found += [
        f"Latencies were measured {words.format(units=units)} ({', '.join(values)}): they cannot "
        "be compared."
        for key, words in _CONDITIONS.items()
        if len(values := sorted({_condition(row[key]) for row in measured})) > 1
    ]
    return [note for note in found if note]


def _unfinished(row: Row) -> str:
    run = Run(Path(row["folder"]))
    lacks = "lacks its metrics.json" if run.finished else "is not finished"
    return f"{row['model']} {lacks}. {run.how_to_go_on}"


def _named(rows: Sequence[Row], holds: Callable[[Row], bool], what: str) -> str:
    names = [row["model"] for row in rows if holds(row)]
    return f"{'; '.join(names)} {'is' if len(names) == 1 else 'are'} {what}" if names else ""


def _of_other_rows(row: Row) -> bool:
    return bool(row["comparable"] and row["steps"]) and judged(row)["difference"] is None


def _unexported(rows: Sequence[Row]) -> str:
    folders = [row["folder"] for row in rows if row["bytes"] is None and _whole(row)]
    commands = [f"kerastc export {_shown(folder)} --format litert" for folder in folders]
    return _missing(folders, "LiteRT file, so no size", " && ".join(commands))


def _unmeasured(rows: Sequence[Row]) -> str:
    folders = [row["folder"] for row in rows if row["latency_p50_ms"] is None and _whole(row)]
    folders = list(dict.fromkeys(folders))
    command = f"kerastc benchmark {' '.join(map(_shown, folders))}"
    return _missing(folders, "measured latency", command)


def _missing(folders: Sequence[str], what: str, command: str) -> str:
    if not folders:
        return ""
    models = "1 model has" if len(folders) == 1 else f"{len(folders)} models have"
    return f"{models} no {what}: {command}"


def _whole(row: Row) -> bool:
    return row["state"] == "finished"


def _condition(value: Any) -> str:
    """A machine by its processor and system; anything else as it is, where None is any."""
    if isinstance(value, Mapping):
        return " ".join(str(value.get(key)) for key in ("cpu", "cores", "system"))
    return "any" if value is None else formatting.scalar(value)


def _shown(folder: str) -> str:
    """A folder as the shortest path that can be typed in a shell."""
    path, here = Path(folder), Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))

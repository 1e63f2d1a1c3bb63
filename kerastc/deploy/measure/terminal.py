"""Shows a benchmark's results as tables on the terminal."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerastc import formatting
from kerastc.own_rows import warning
from kerastc.printable import echo
from kerastc.scores.figures import Figure
from kerastc.table import short_names, show_table
from kerastc.tasks import TASKS

TIMES = ("p50", "p90", "p95", "p99")


def benchmark_tables(entries: Sequence[dict[str, Any]]) -> None:
    """A table of speed, a row per model and number of threads, and one of size and accuracy.

    Args:
        entries: the results of `kerastc.deploy.measure.benchmark`, at least one.
    """
    folder, paths = _files(entries)
    files = short_names(paths)
    several = any(entry["threads"] > 1 for entry in entries)
    names = [
        f"{file} x{entry['threads']}" if several else file
        for file, entry in zip(files, entries, strict=True)
    ]
    units = {TASKS[entry["task"]].units for entry in entries}
    what = units.pop() if len(units) == 1 else "rows"
    machine = entries[0]["machine"]
    cores = f"{machine['cores']} core{'s' * (machine['cores'] != 1)}"
    where = f"{folder}: {machine['cpu']}, {cores}, {machine['system']}"
    if entries[0]["protocol"] == "source":
        _source_table(names, entries, where)
        _warn(entries)
        return
    show_table(
        ("model", "start", "first", *TIMES, "mean", f"{what}/s"),
        [
            (
                name,
                _short(entry["initialisation_ms"]),
                _short(entry["first_call_ms"]),
                *(_short(entry["latency_ms"][time]) for time in TIMES),
                " ± ".join(_short(entry["latency_ms"][key]) for key in ("mean", "deviation")),
                f"{entry['throughput']:,.0f}",
            )
            for name, entry in zip(names, entries, strict=True)
        ],
        f"{where}\nMilliseconds of {entries[0]['runs']} calls",
    )
    echo()
    untested = all(entry.get("part") == "validation" for entry in entries)
    which = "validation " if untested else ""  # of a run without a test part
    # It does not depend on threads: the first entry of each model.
    worth = dict(reversed([*zip(files, entries, strict=True)]))
    main, *others = _figures(entries)
    show_table(
        ("model", "size", "gzip", "memory", main.label, *(f.label for f in others), "agree"),
        [
            (
                name,
                *(
                    formatting.size(entry[key])
                    for key in ("bytes", "gzip_bytes", "peak_memory_bytes")
                ),
                _with_interval(entry, main),
                *(formatting.number(entry[figure.name]) for figure in others),
                formatting.number(entry["agreement"], 4),
            )
            for name, entry in reversed(worth.items())
        ],
        f"{entries[0]['rows']:,} {which}{what}; how often the Keras model agrees",
    )
    _warn(entries)


def _warn(entries: Sequence[dict[str, Any]]) -> None:
    """Warns of each run that learned from the examples; a model's path is RUN/exports/FILE."""
    learned = [entry for entry in entries if entry.get("learned_from")]
    for folder, name in dict.fromkeys((Path(e["model"]).parents[1], e["task"]) for e in learned):
        echo(warning(TASKS[name], folder), err=True)


def _source_table(names: Sequence[str], entries: Sequence[dict[str, Any]], where: str) -> None:
    """As in the source: parameters, and the seconds of 100 texts."""
    rows, main = [], _figures(entries)[0]
    for name, entry in zip(names, entries, strict=True):
        seconds = entry["seconds_per_100"]
        cells = (
            f"{seconds['mean']:.4f}",
            f"{seconds['deviation']:.4f}",
            formatting.number(entry[main.name]),
        )
        rows.append((name, f"{entry['parameters']:,}", *cells))
    first = entries[0]
    repeated = len(first["rounds_ms"]["mean"])
    show_table(
        ("model", "parameters", "seconds", "deviation", main.label),
        rows,
        f"{where}\n{first['runs'] // repeated} {TASKS[first['task']].units} of {first['length']} "
        f"tokens, one at a time, {repeated} times",
    )


def _files(entries: Sequence[dict[str, Any]]) -> tuple[str, list[str]]:
    """The folder that contains all models, and the path of each within it."""
    paths = [Path(entry["model"]).absolute() for entry in entries]
    folder = Path(os.path.commonpath([path.parent for path in paths]))
    return str(folder), [str(path.relative_to(folder)) for path in paths]


def _short(milliseconds: float) -> str:
    """Three digits, with at most three decimals."""
    return f"{milliseconds:.3f}" if milliseconds < 1 else f"{milliseconds:.3g}"


def _figures(entries: Sequence[dict[str, Any]]) -> list[Figure]:
    """The shares that all models' outputs have, the ranking one first."""
    output = TASKS[entries[0]["task"]].output
    shares = [figure for figure in output.figures if figure.share and figure != output.main]
    return [output.main, *(f for f in shares if all(f.name in entry for entry in entries))]


def _with_interval(entry: dict[str, Any], figure: Figure) -> str:
    """`0.781 [.773 .787]`."""
    low, high = (f"{end:.3f}".removeprefix("0") for end in entry[f"{figure.name}_interval"])
    return f"{entry[figure.name]:.3f} [{low} {high}]"

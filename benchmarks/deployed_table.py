"""What `benchmarks.deployed` found: who is how much faster, as a table."""

from collections.abc import Iterable
from typing import Any

import click

from kerastc.table import short_names, show_table

TARGET = 3.0  # times as fast as the fastest peer
LOSS = 0.01  # of accuracy that the faster model may have against Keras
FIGURES = ("p50", "mean")


def judge(result: dict[str, Any]) -> None:
    """Adds ratios to the entries, and to the result which of ours is best and whether it suffices.

    An entry gets `chosen`, whether no other way of the same model is faster, and `times_faster`
    than the fastest peer, by p50 and by mean. The result gets `best` (place of the fastest of ours
    within `LOSS` of Keras's accuracy, None where there is none) and `verdict`, by p50.
    """
    entries = result["entries"]
    peers = [entry for entry in entries if entry["peer"]]
    fastest = {key: min(entry["latency_ms"][key] for entry in peers) for key in FIGURES}
    for entry in entries:
        entry["times_faster"] = {key: fastest[key] / entry["latency_ms"][key] for key in FIGURES}
        ways = [other for other in entries if _name(other) == _name(entry)]
        entry["chosen"] = entry is min(ways, key=_median)
    least = result["keras_accuracy"] - LOSS
    good = [entry for entry in entries if not entry["peer"] and entry["accuracy"] >= least]
    best = min(good, key=_median, default=None)
    result["best"] = None if best is None else entries.index(best)
    reached = best is not None and best["times_faster"]["p50"] >= TARGET
    result["verdict"] = "reached" if reached else "missed"


def show(result: dict[str, Any]) -> None:
    """Prints the fastest way of each model, then the other ways, and the verdict."""
    entries = sorted(result["entries"], key=_median)
    names = dict(zip(map(_name, entries), short_names([*map(_name, entries)]), strict=True))
    show_table(
        ("model", "MB", "p50", "p95", "mean", "texts/s", "accuracy", "agree", "x p50", "x mean"),
        [_row(names, entry) for entry in entries if entry["chosen"]],
        f"Milliseconds of {result['runs']} calls, one thread, one text a call; x: times as fast "
        f"as the fastest peer\n{result['rows']:,} test texts, of which Keras has "
        f"{result['keras_accuracy']:.4f} right",
    )
    click.echo()
    show_table(
        ("all ways, of which the fastest counts", "MB", "p50", "mean", "agree"),
        [
            (f"{names[_name(entry)]}: {entry['how']}", *_cells(entry, ("p50", "mean")))
            for entry in entries
        ],
    )
    click.echo()
    click.echo(f"{_verdict(result)}: {result['verdict']}")
    click.echo(", ".join(f"{name} {value}" for name, value in result["machine"].items()))


def _verdict(result: dict[str, Any]) -> str:
    wanted = f"{TARGET:g} is wanted at no more than {LOSS:g} of accuracy lost"
    if result["best"] is None:
        return f"Ours all lost more; {wanted}"
    best = result["entries"][result["best"]]
    return f"{_name(best)} is {best['times_faster']['p50']:.2f} times as fast; {wanted}"


def _row(names: dict[str, str], entry: dict[str, Any]) -> list[str]:
    *cells, agreement = _cells(entry, ("p50", "p95", "mean"))
    ratios = (f"{entry['times_faster'][key]:.2f}" for key in FIGURES)
    worth = (f"{entry['throughput']:,.0f}", f"{entry['accuracy']:.4f}", agreement)
    return [names[_name(entry)], *cells, *worth, *ratios]


def _cells(entry: dict[str, Any], figures: Iterable[str]) -> list[str]:
    times = (f"{entry['latency_ms'][key]:.3f}" for key in figures)
    return [f"{entry['bytes'] / 1e6:.1f}", *times, f"{entry['agreement']:.4f}"]


def _name(entry: dict[str, Any]) -> str:
    return f"{entry['runtime']} {entry['model']}"


def _median(entry: dict[str, Any]) -> float:
    return entry["latency_ms"]["p50"]

"""The summary printed on the terminal once the data of a run are read."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from kerastc.data.label_names import alike_notes

WIDTH = 80
MOST = 8  # classes that are nearly alike


def told_lines(described: Mapping[str, Any], kinds: str = "classes") -> Iterator[str]:
    """Lines on where the rows came from, where they went, and what was skipped.

    Args:
        described: the content of data.json.
        kinds: what the labels are; empty where they have no names.
    """
    parts = {name: part for name, part in described.get("splits", {}).items() if part.get("rows")}
    rows = ", ".join(f"{name} {part['rows']:,}" for name, part in parts.items())
    counts: dict[str, int] = dict.fromkeys(described["classes"], 0)
    for part in parts.values():
        for name, count in zip(counts, part.get("counts") or (), strict=False):
            counts[name] += count
    folds = [str(part["test"]["rows"]) for part in (described.get("folds") or {}).get("splits", ())]
    held_out = f"Folds: {len(folds)}; test rows of each: {', '.join(folds)}" if folds else ""
    after = " (of the training after the folds)" if folds else ""
    notes = {name: count for name, count in described.get("notes", {}).items() if count}
    seen = (described.get("duplicates") or {}).get("seen", 0)
    alike = list(alike_notes(counts).items())[:MOST]
    for line in (
        str(described.get("source", "")),
        held_out,
        f"Rows: {rows}{after}" + f"; {len(counts):,} {kinds}" * bool(kinds),
        *(f"{name}: {count:,}" for name, count in notes.items() if isinstance(count, int)),
        f"texts that differ only in what the model does not see: {seen:,}" if seen else "",
        *(f"{name}: {count:,} rows" for name, count in alike),
    ):
        yield from textwrap.wrap(line, WIDTH, subsequent_indent="  ")

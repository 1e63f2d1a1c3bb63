"""The result as a table in the terminal and as JSON."""

import importlib.metadata
import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.contest import cores

PACKAGES = [
    "kerastc",
    "keras",
    "keras-hub",
    "tensorflow",
    "transformers",
    "accelerate",
    "torch",
    "tokenizers",
    "numpy",
]


@dataclass(frozen=True)
class Row:
    """One figure of both sides.

    Args:
        case: what was run against what.
        what: the figure, with its unit.
        kerastc, peer: its values.
        better: whether less or more is better.
        target: the least ratio that is asked for, or None where the figure only informs.
    """

    case: str
    what: str
    kerastc: float
    peer: float
    better: Literal["less", "more"]
    target: float | None = None

    @property
    def ratio(self) -> float:
        """How many times kerastc is better."""
        above, below = (self.kerastc, self.peer)[:: 1 if self.better == "more" else -1]
        return above / below if below else float("inf")

    @property
    def verdict(self) -> str:
        """`reached`, `missed`, or nothing where there is no target."""
        if self.target is None:
            return ""
        return "reached" if self.ratio >= self.target else "missed"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"cpu": model, "cores": cores(), "python": platform.python_version()} | versions


def show(rows: Sequence[Row], quick: bool) -> None:
    """Prints a table a case and, under them, the machine."""
    console = Console(highlight=False)
    for case, group in groupby(rows, key=lambda row: row.case):
        table = Table(title=case, title_justify="left", box=SIMPLE_HEAD, header_style="bold")
        for name in ("", "kerastc", "Trainer", "times better", "target", ""):
            table.add_column(name, justify="right" if name else "left")
        for row in group:
            digits = 3 if "validation" in row.what else 1
            values = (f"{row.kerastc:,.{digits}f}", f"{row.peer:,.{digits}f}", f"{row.ratio:.2f}")
            target = "" if row.target is None else f"≥ {row.target:g}"
            table.add_row(row.what, *values, target, "" if quick else row.verdict)
        console.print(table)
    console.print(", ".join(f"{name} {value}" for name, value in machine().items()))
    if quick:
        console.print("--quick shows that the comparison runs; its ratios mean nothing.")


def save(rows: Sequence[Row], folder: Path) -> Path:
    """Writes results.json into the folder."""
    path = folder / "results.json"
    result = {
        "measured": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": machine(),
        "rows": [asdict(row) | {"ratio": row.ratio, "verdict": row.verdict} for row in rows],
    }
    path.write_text(json.dumps(result, indent=2) + "\n")
    return path

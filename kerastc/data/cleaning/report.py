"""What happened to each row of a cleaned file: counts, examples, the cost of each step."""

import re
import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from kerastc.text.cutting import cut_at_word

EXAMPLES = 5
SHOWN = 80  # characters of an example
UNPRINTABLE = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # controls, foreign bytes
KEPT = 1000  # characters of a rejected line in the file of rejected rows


@dataclass(frozen=True)
class Step:
    """The cost of one step.

    Args:
        name: what was done.
        rows: that entered the step.
        seconds: wall time.
        peak_memory_bytes: largest resident set of the process up to the end of the step.
    """

    name: str
    rows: int
    seconds: float
    peak_memory_bytes: int

    @property
    def rows_per_second(self) -> float:
        """Throughput."""
        return self.rows / max(self.seconds, 1e-9)


@dataclass
class CleaningReport:
    """Counts that add up: `rows_in == rows_kept + sum(rejected.values())`.

    Args:
        rows_in: records in the file, without the header and blank lines.
        rows_kept: rows in the result.
        rejected: rejected rows by reason.
        counted: kept rows by what was repaired or is missing.
        unmapped: categories that match no rule, with their rows; a reason in `rejected`.
        examples: up to five (line, text) for each reason and each thing counted.
        steps: what each step cost.
        rejections: every rejected row as (line, reason, text as far as it can be read).
    """

    rows_in: int = 0
    rows_kept: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)
    unmapped: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    rejections: list[tuple[int, str, str]] = field(default_factory=list)

    def reject(self, line: int, reason: str, text: str) -> None:
        """Records a row that is not kept."""
        text = text if len(text) <= KEPT else text[:KEPT]
        self.rejected[reason] += 1
        self.rejections.append((line, reason, text))
        self._example(line, reason, text)

    def count(self, line: int, what: str, text: str) -> None:
        """Records something about a row that is kept, or may be."""
        self.counted[what] += 1
        self._example(line, what, text)

    @contextmanager
    def step(self, name: str, rows: int | None = None) -> Iterator[None]:
        """Measures the block as a step; its rows are all rows read, unless given."""
        began = time.perf_counter()
        yield
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        self.steps.append(Step(name, self.rows_in if rows is None else rows, seconds, peak))

    def as_dict(self) -> dict[str, Any]:
        """Everything except the rejected rows themselves, for JSON."""
        return {
            "rows_in": self.rows_in,
            "rows_kept": self.rows_kept,
            "rejected": dict(self.rejected.most_common()),
            "counted": dict(self.counted.most_common()),
            "unmapped": self.unmapped,
            "examples": {
                reason: [{"line": line, "text": text} for line, text in rows]
                for reason, rows in self.examples.items()
            },
            "steps": [
                asdict(step) | {"rows_per_second": round(step.rows_per_second)}
                for step in self.steps
            ],
        }

    def _example(self, line: int, reason: str, text: str) -> None:
        shown = self.examples.setdefault(reason, [])
        if len(shown) < EXAMPLES:
            shown.append((line, printable(cut_at_word(text, SHOWN))))


def printable(text: str) -> str:
    """The text with U+FFFD for characters that are unsafe in files and terminals."""
    return UNPRINTABLE.sub("\ufffd", text)

"""By which figures runs are compared: those of their tasks, each once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerastc.report.output_page import PARTS, Column, OutputPage
from kerastc.report.record import RunRecord
from kerastc.scores.figures import Figure, named


@dataclass(frozen=True)
class Compared:
    """The figures and columns of a comparison.

    Args:
        pages: of the tasks of its runs, the first run's first; runs that are not finished may not
            tell theirs.
    """

    pages: tuple[OutputPage, ...]

    @classmethod
    def of(cls, records: Iterable[RunRecord]) -> "Compared":
        """Those of some runs."""
        found = {record.task.answered: record.page for record in records if record.task}
        return cls(tuple(found.values()))

    @property
    def main(self) -> Figure:
        """By what the runs are ranked: the main figure of the first task."""
        return self.pages[0].output.main if self.pages else Figure("loss", higher=False)

    def figure(self, name: str) -> Figure:
        """The figure of a name, `main` without one."""
        return (
            named([one for page in self.pages for one in page.figures], name) if name else self.main
        )

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All figures of a part."""
        return self._each(lambda page: page.compared)

    @property
    def parts(self) -> dict[str, Sequence[Figure]]:
        """The parts of metrics.json, and which of their figures are told."""
        further = {name: told for page in self.pages for name, told in page.further_parts.items()}
        return {**dict.fromkeys(PARTS, self.figures), **further}

    def figures_of(self, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """The figures of a part and the intervals of the main ones; None where it has none."""
        intervals = metrics.get("intervals") or {}
        shares = self._each(lambda page: [one for one in page.output.figures if one.share])
        return {one.name: metrics.get(one.name) for one in self.figures} | {
            f"{one.name}_interval": intervals.get(one.name) for one in shares
        }

    def columns(self, tier: int) -> tuple[Column, ...]:
        """The columns in a terminal: of tier 0 the most needed, then of 1 and 2."""
        return self._each(lambda page: page.columns()[tier])

    @property
    def page_columns(self) -> tuple[Column, ...]:
        """The columns on a page."""
        return self._each(lambda page: page.page_columns())

    @property
    def group_columns(self) -> tuple[Column, ...]:
        """The columns of means over seeds."""
        return self._each(lambda page: page.group_columns())

    def _each(self, of: Callable[[OutputPage], Iterable[Any]]) -> tuple[Any, ...]:
        """What the pages have, without repetition."""
        return tuple(dict.fromkeys(one for page in self.pages for one in of(page)))

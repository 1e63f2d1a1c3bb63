"""The figures by which runs are compared: those of their tasks, without repetition."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kerastc.report.output_page import PARTS, Column, OutputPage
from kerastc.report.record import RunRecord
from kerastc.scores.figures import Figure
from kerastc.tasks import deciding_figure


class _Alone(NamedTuple):
    """The figures of runs whose task is unknown."""

    main: Figure
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Compared:
    """The figures and columns of a comparison.

    Args:
        pages: of the tasks of its runs, the first run's first.
        chosen: the figure by which it recommends.
        untested: whether no run has test figures: columns have those of validation instead.
    """

    pages: tuple[OutputPage, ...]
    chosen: Figure
    untested: bool = False

    @classmethod
    def of(cls, records: Iterable[RunRecord], name: str = "") -> "Compared":
        """Those of some runs.

        Args:
            records: of the runs; the task of unfinished runs may be unknown.
            name: of the chosen figure, by default the main one.

        Raises:
            UserError: there is no figure of that name.
        """
        records = list(records)
        found = {record.task.answered: record.page for record in records if record.task}
        pages = tuple(found.values())
        known = {one.name: one for page in pages for one in page.figures}
        if name:
            chosen = known[name] if name in known else deciding_figure((), name)
        else:
            chosen = pages[0].output.main if pages else Figure("loss", higher=False, share=False)
        finished = [record for record in records if record.finished]
        untested = bool(finished) and all(record.part == "validation" for record in finished)
        return cls(pages or (OutputPage(_Alone(chosen, (chosen,))),), chosen, untested)

    @property
    def main(self) -> Figure:
        """The figure that ranks the runs: the main one of the first task."""
        return self.pages[0].output.main

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All figures of a part."""
        return self._each(lambda page: page.compared)

    @property
    def parts(self) -> dict[str, Sequence[Figure]]:
        """The parts of metrics.json, and which of their figures are shown."""
        further = {name: told for page in self.pages for name, told in page.further_parts.items()}
        return {**dict.fromkeys(PARTS, self.figures), **further}

    def figures_of(self, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """The figures of a part and the intervals of the main ones; None if it has none."""
        intervals = metrics.get("intervals") or {}
        shares = self._each(lambda page: [one for one in page.output.figures if one.share])
        return {one.name: metrics.get(one.name) for one in self.figures} | {
            f"{one.name}_interval": intervals.get(one.name) for one in shares
        }

    def columns(self, tier: int) -> tuple[Column, ...]:
        """The columns in a terminal: tier 0, the most needed, then tiers 1 and 2."""
        return self._shown(lambda page: page.columns()[tier])

    @property
    def page_columns(self) -> tuple[Column, ...]:
        """The columns on a page."""
        return self._shown(lambda page: page.page_columns())

    @property
    def group_columns(self) -> tuple[Column, ...]:
        """The columns of means over seeds."""
        return self._shown(lambda page: page.group_columns())

    def _shown(self, of: Callable[[OutputPage], Iterable[Column]]) -> tuple[Column, ...]:
        """The pages' columns; each figure once, where that of validation stands for test."""
        columns = self._each(of)
        if not self.untested:
            return columns
        found: dict[tuple[str, str], Column] = {}
        for column in columns:
            found.setdefault((column.of_validation.part, column.figure), column.of_validation)
        return tuple(found.values())

    def _each(self, of: Callable[[OutputPage], Iterable[Any]]) -> tuple[Any, ...]:
        """The pages' entries, without repetition."""
        return tuple(dict.fromkeys(one for page in self.pages for one in of(page)))

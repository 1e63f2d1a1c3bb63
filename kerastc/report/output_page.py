"""How a report shows a task's answers: the base of `PAGE` in `kerastc.outputs.*.page`.

The report itself is independent of the task. It arranges the figures, sections and plots from an
output's page; the base class is enough for an output with figures alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kerastc import formatting
from kerastc.outputs.output import Output
from kerastc.scores.figures import Figure

if TYPE_CHECKING:
    from markupsafe import Markup
    from rich.console import RenderableType

    from kerastc.report.drawing.captioned import Picture, Plot
    from kerastc.report.record import RunRecord

PARTS = ("validation", "test")
# Where an output's sections may go on a page: after the metrics, after the compressed runs, in the
# # training, after it, in the data.
PLACES = ("metrics", "figures", "training", "answers", "data")


@dataclass(frozen=True)
class Column:
    """A column of a comparison: a figure of one part.

    Args:
        heading: above it.
        part: validation, test, or another of metrics.json.
        figure: the figure's name.
        optional: whether it is left out where no run has the figure.
        interval: whether a page shows the 95 % interval, too.
    """

    heading: str
    part: str
    figure: str
    optional: bool = False
    interval: bool = False

    @property
    def of_validation(self) -> "Column":
        """The same figure of the validation part, named so, if this one is of the test part."""
        if self.part != "test":
            return self
        heading = self.heading
        for test, other in (("test", "validation"), ("Test", "Validation")):
            heading = heading.replace(test, other)
        named = heading if heading != self.heading else f"validation {heading}"
        return replace(self, heading=named, part="validation")


@dataclass(frozen=True)
class Card:
    """A headline figure: its label, its value, and small lines below it."""

    name: str
    value: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A part of a run's page.

    Args:
        place: of `PLACES`.
        html: its content with headings, from `template.fragment`.
        anchor, name: for the table of contents; none if empty.
    """

    place: str
    html: "Markup"
    anchor: str = ""
    name: str = ""


class OutputPage:
    """How the report shows one kind of output.

    Args:
        output: the class of the output, or an object with its `main` and `figures`.
    """

    def __init__(self, output: type[Output]):
        self.output = output

    # Which figures.

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures of a part of metrics.json, as a run's page lists them."""
        return self.output.figures

    @property
    def compared(self) -> tuple[Figure, ...]:
        """The same, in the order of comparison files."""
        return self.figures

    @property
    def further_parts(self) -> Mapping[str, tuple[Figure, ...]]:
        """Parts of metrics.json besides validation and test, and their compared figures."""
        return {}

    @property
    def curves(self) -> tuple[Figure, ...]:
        """Figures with a curve by epoch, besides the loss, if history.csv has them."""
        return tuple(figure for figure in self.output.figures if figure.name != "loss")

    @property
    def logged(self) -> tuple[str, ...]:
        """Columns of history.csv without a curve."""
        return ()

    def columns(self) -> tuple[Sequence[Column], ...]:
        """The columns of a comparison in a terminal: the most needed, then some more, the rest."""
        first, *others = sorted(self.output.figures, key=lambda one: one != self.output.main)
        needed = [Column(part, part, first.name) for part in PARTS]
        return needed, [Column(f"test {one.label}", "test", one.name) for one in others], ()

    def page_columns(self) -> Sequence[Column]:
        """The columns of a comparison on a page."""
        first, *others = sorted(self.output.figures, key=lambda one: one != self.output.main)
        return [
            *(
                Column(f"{p.capitalize()} {first.label}", p, first.name, interval=True)
                for p in PARTS
            ),
            *(Column(f"Test {one.label}", "test", one.name) for one in others),
        ]

    def group_columns(self) -> Sequence[Column]:
        """The columns of a table of means over seeds."""
        return [column for tier in self.columns() for column in tier]

    def headline(self, record: "RunRecord") -> Sequence[Figure]:
        """The figures in a table of several tasks, the main one first."""
        return [self.output.main]

    # A run's page.

    def lead(self, record: "RunRecord") -> str:
        """The first words of a page about the run's output."""
        return ""

    def listed(self, record: "RunRecord") -> Sequence[Figure]:
        """Those of `figures` that its table of metrics has."""
        return self.figures

    def cards(self, record: "RunRecord") -> list[Card]:
        """The headline figures: of the part that counts, with their intervals."""
        return [self.card(record, figure) for figure in self.output.figures if figure.share][:2]

    @staticmethod
    def card(record: "RunRecord", figure: Figure, *notes: str) -> Card:
        """A card of a figure.

        Args:
            record: of the run.
            figure: of its metrics.
            notes: lines below its interval.
        """
        final = record.metrics[record.part]
        ends = (final.get("intervals") or {}).get(figure.name)
        interval = [f"95 %: {formatting.interval(ends)}"] if ends else []
        return Card(
            f"{record.part.capitalize()} {figure.label}",
            formatting.number(final.get(figure.name)),
            (*interval, *notes),
        )

    def plots(self, record: "RunRecord") -> Iterator["Plot"]:
        """The output's own plots, which `sections` finds by name once drawn."""
        return iter(())

    def sections(self, record: "RunRecord", plots: Mapping[str, "Picture"]) -> list[Section]:
        """The output's own sections."""
        return []

    def shown_rows(self, truth: Any, answers: Any) -> list[int]:
        """The rows of a part whose examples the page shows, so that a run keeps them."""
        return []

    # In a terminal.

    def terminal(
        self, metrics: Mapping[str, Any], title: str, units: str
    ) -> "list[RenderableType]":
        """The figures of a part.

        Args:
            metrics: from `Output.metrics`.
            title: above them.
            units: what was measured.
        """
        ends = metrics.get("intervals") or {}
        told = "   ".join(
            f"{figure.label} {formatting.short(metrics[figure.name], ends.get(figure.name))}"
            for figure in self.figures
            if figure.name in metrics
        )
        return [f"{title}: {told}; {metrics['rows']:,} {units}".removeprefix(": ")]

    def further_lines(self, metrics: Mapping[str, Any]) -> list[str]:
        """What is shown below the figures of a run.

        Args:
            metrics: metrics.json.
        """
        return []

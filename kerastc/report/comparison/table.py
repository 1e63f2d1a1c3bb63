"""A table of runs and its formats: JSON, CSV, one HTML page, a table in the terminal."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastc import formatting
from kerastc.console import Console
from kerastc.report.comparison import task_text
from kerastc.report.comparison.figures import Compared
from kerastc.report.comparison.plots import SHOWN_RUNS, ranges, validation_curves
from kerastc.report.comparison.terminal import print_comparison
from kerastc.report.drawing.captioned import Picture, Plot
from kerastc.report.drawing.fonts import undrawable
from kerastc.report.drawing.style import MANY
from kerastc.report.output_page import PARTS, Column
from kerastc.report.page.template import render, report_links, write_page
from kerastc.report.record import RunRecord
from kerastc.report.untested import untested
from kerastc.scores.figures import Figure
from kerastc.scores.recommendation import RULE, Recommendation

if TYPE_CHECKING:
    from kerastc.report.comparison.by_task import TaskTable

PLACES = ("recipe", "backend", "device")  # what identifies a run, besides its settings
STEPS = "steps"  # the field of a compressed run's steps, beside the settings of its recipe
# Costs of training: heading and name in the table over seeds.
_GROUP_COSTS = (("training", "seconds"), ("images", "images"))
COSTS = (
    "epochs",
    "best_epoch",
    "steps",
    "seconds",
    "images",
    "examples_per_second",
    "parameters",
    "trainable_parameters",
    "peak_memory_bytes",
)


def has(row: Mapping[str, Any], field: str) -> bool:
    """Whether a run has one of the `differing` fields at all."""
    if field in PLACES or field == "seed":
        return row[field] is not None
    return field in row["config"]


def value(row: Mapping[str, Any], field: str) -> Any:
    """A run's value of one of the `differing` fields, or its seed."""
    return row[field] if field in PLACES or field == "seed" else row["config"].get(field)


@dataclass(frozen=True)
class Comparison:
    """The table of some runs, in the order of `sorted_by`.

    Args:
        rows: a dict per run: `run` (its shortest distinct name), `folder`, `recipe`, `state`
            (`finished`, or how far it is), `seed`, `backend`, `device`, `fingerprint`, `config`
            (dotted field to value), `validation`, `test` and further parts (figures, and
            `FIGURE_interval`), `train` (the main figure alone) and `training` (epochs, seconds,
            parameters, images). What a run lacks is None.
        differing: the fields, except for seeds, in which runs differ; a field that only one of
            several recipes has counts only if that recipe's runs differ in it.
        implied: further differing fields, which follow from those.
        groups: if some runs differ only in their seed, all runs by what they share: their
            `settings`, `seeds`, `runs`, and for each figure the result of `over_seeds`.
        records: the source of the rows.
        baselines: a row, of the same form, for each distinct baseline of the finished runs: its
            `state` is `baseline`, `of` names its runs, and it has the settings in which they agree.
        recommendation: None if there is nothing to choose between.
        compared: the figures and columns of the runs' tasks.
        tasks: the table by task; None if the runs are of one task and there is no teacher.
    """

    rows: list[dict[str, Any]]
    differing: list[str]
    implied: list[str]
    groups: list[dict[str, Any]]
    records: Sequence[RunRecord]
    baselines: list[dict[str, Any]]
    recommendation: Recommendation | None
    compared: Compared
    tasks: "TaskTable | None" = None

    @property
    def main(self) -> Figure:
        """The figure that ranks the runs."""
        return self.compared.main

    @property
    def sorted_by(self) -> str:
        """The order of the runs, in words."""
        first = "highest" if self.main.higher else "lowest"
        return f"validation {self.main.label}, {first} first; runs that are not finished come last"

    @property
    def notes(self) -> list[str]:
        """What readers of the table must know."""
        notes = [f"Sorted by {self.sorted_by}."]
        notes += [f"{r['run']} is {r['state']}." for r in self.rows if r["state"] != "finished"]
        notes += [
            f"{row['run']} is cross-validated: its test figures are of the models of its folds, "
            "each on the rows that it never saw."
            for row, record in zip(self.rows, self.records, strict=True)
            if record.metrics.get("folds")
        ]
        notes += self._untested()
        if len({row["fingerprint"] for row in self.rows if row["fingerprint"]}) > 1:
            notes.append(
                "The runs were not made on the same data (their fingerprints differ): their "
                "figures are of different rows."
            )
        else:
            described = [record.data for record in self.records if record.data]
            for page in {type(one.input_page): one.input_page for one in self.records}.values():
                notes += page.notes(described)
        return notes

    def _untested(self) -> list[str]:
        """Which runs have no test figures, and why."""
        runs: dict[str, list[str]] = {}
        for row, record in zip(self.rows, self.records, strict=True):
            if record.finished and record.part == "validation":
                runs.setdefault(untested(record.data, record.units), []).append(row["run"])
        runs.pop("", None)
        return [
            told if len(names) == len(self.rows) else f"{', '.join(names)}: {told}"
            for told, names in runs.items()
        ]

    @property
    def left_out(self) -> str:
        """Which fields have no column though runs differ in them; empty if there are none."""
        if not self.implied:
            return ""
        return f"Not shown, for these settings imply it: {', '.join(self.implied)}."

    def shown(self, row: Mapping[str, Any], field: str) -> str:
        """A run's value of a field, as text; a dash if it has no such field."""
        return formatting.setting({field: value(row, field)} if has(row, field) else {}, field)

    @property
    def fields(self) -> list[str]:
        """What distinguishes the runs: the differing fields, and the seed if it differs."""
        return [*self.differing, *(["seed"] if self.seeds_differ else [])]

    def label(self, row: Mapping[str, Any]) -> str:
        """A run's name in plots: its values of `fields`, or its name if there are none."""
        label = " · ".join(self.shown(row, field) for field in self.fields) or row["run"]
        if row["state"] == "baseline":
            return row["run"] if len(self.baselines) == 1 else f"{row['run']}: {label}"
        return label if row["state"] == "finished" else f"{label} (not finished)"

    @property
    def seeds_differ(self) -> bool:
        """Whether the runs have different seeds."""
        return len({str(row["seed"]) for row in self.rows}) > 1

    def known(self, part: str, key: str) -> bool:
        """Whether any run has a figure or cost, so that a table needs a column for it."""
        return any(row[part].get(key) is not None for row in [*self.rows, *self.baselines])

    @property
    def group_columns(self) -> list[Column]:
        """The columns of the table over seeds."""
        costs = [Column(heading, "training", name) for heading, name in _GROUP_COSTS]
        columns = [*self.compared.group_columns, *costs]
        return [column for column in columns if self.known(column.part, column.figure)]

    @property
    def page_columns(self) -> list[Column]:
        """The columns of figures on a page, before those of costs."""
        return [
            column
            for column in self.compared.page_columns
            if not column.optional or self.known(column.part, column.figure)
        ]

    def to_json(self) -> str:
        """The table as strict JSON: a figure that is not a number is null."""
        table = {
            "sorted_by": self.sorted_by,
            "notes": self.notes,
            "differing": self.differing,
            "implied": self.implied,
            "runs": self.rows,
            "groups": self.groups,
            "baselines": self.baselines,
            "recommendation": self.recommendation and self.recommendation.as_dict(),
            "by_task": self.tasks and self.tasks.as_dict(),
        }
        return json.dumps(
            formatting.without_nan(table), indent=2, ensure_ascii=False, allow_nan=False
        )

    def to_csv(self) -> str:
        """A line per run, then per baseline: differing fields, figures; empty if it has none.

        Of several tasks a line per setting, as `task_text.to_csv` writes it.
        """
        if self.tasks:
            return task_text.to_csv(self.tasks)
        fields = ["seed", *(field for field in self.differing if field != "recipe")]
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        told = [("train", self.main), *((p, one) for p in PARTS for one in self.compared.figures)]
        told += [
            (p, one) for p, few in self.compared.parts.items() if p not in PARTS for one in few
        ]
        figures = [f"{part}_{figure.name}" for part, figure in told]
        costs = [f"training_{key}" for key in COSTS]
        writer.writerow(["run", "recipe", "state", *fields, *figures, *costs, "folder"])
        for row in [*self.rows, *self.baselines]:
            cells = [row["run"], row["recipe"], row["state"]]
            cells += [value(row, field) for field in fields]
            cells += [row[part][figure.name] for part, figure in told]
            writer.writerow([*cells, *row["training"].values(), row["folder"]])
        return buffer.getvalue()

    def to_html(self, path: Path) -> None:
        """Writes one page that opens offline: the tables, the figures, the learning curves.

        Raises:
            UserError: the path cannot be written.
        """
        pictures = {plot.name: (plot.title, Picture.of(plot)) for plot in self._plots()}
        contents = [("recommendation", "Recommendation")] if self.recommendation else []
        contents += [("tasks", "Tasks")] if self.tasks else []
        contents += [("seeds", "Mean over seeds")] if self.groups else []
        contents += [("runs", "Runs"), *((name, title) for name, (title, _) in pictures.items())]
        page = render(
            "compare.html.j2",
            comparison=self,
            pictures=pictures,
            contents=contents,
            rule=RULE,
            undrawn=undrawable(self.label(row) for row in [*self.rows, *self.baselines]),
            links=report_links((row["folder"] for row in self.rows), path),
            tasks=task_text,
            recommended=self.recommendation.taken.runs if self.recommendation else (),
        )
        write_page(path, page)

    def _plots(self) -> Iterator[Plot]:
        if len(self.groups) > 1:
            yield self._seeds_plot()
        finished = [row for row in self.rows if row["state"] == "finished"]
        named = f" Runs are named by {' · '.join(self.fields)}." if self.fields else ""
        if finished:
            drawn = [*self.baselines, *finished]
            yield Plot(
                self.main.name,
                ranges([self.label(row) for row in drawn], drawn, self.main),
                f"{self.main.heading} of each run with 95 % bootstrap intervals, in the order of "
                "the table"
                + (", after the baselines." if self.baselines else ".")
                + f" Shown: the first {SHOWN_RUNS}." * (len(drawn) > SHOWN_RUNS)
                + named,
                f"Points with error bars for {len(drawn)} rows; the table has their figures.",
                title=self.main.heading,
            )
        shown = [figure.name for figure in self._curves]
        curves = [
            (self.label(row), record.history)
            for row, record in zip(self.rows, self.records, strict=True)
            if {f"val_{name}" for name in shown} <= set(record.history.columns)
        ]
        if curves:
            yield Plot(
                "curves",
                validation_curves(*zip(*curves, strict=True), self._curves),
                f"Validation {' and '.join(figure.label for figure in self._curves)} by epoch. "
                + f"Named: the first {MANY} runs of the table; in grey: the others."
                * (len(curves) > MANY)
                + named,
                f"Line plots of {len(curves)} runs.",
                title="Learning curves",
            )

    @property
    def _curves(self) -> list[Figure]:
        """The loss and the main figure, which may be the same."""
        return list({one.name: one for one in (Figure("loss", higher=False), self.main)}.values())

    def _seeds_plot(self) -> Plot:
        main = self.main.name
        labels = [
            " · ".join(formatting.setting(group["settings"], field) for field in self.differing)
            for group in self.groups
        ]
        means = [
            {
                part: {
                    main: group[part][main]["mean"],
                    f"{main}_interval": group[part][main]["interval"],
                }
                for part in PARTS
            }
            for group in self.groups
        ]
        return Plot(
            "seeds_plot",
            ranges(labels, means, self.main),
            f"Mean {self.main.label} over seeds with 95 % intervals of the mean, which show the "
            "chance in training; a point without one is a single run."
            + f" Shown: the first {SHOWN_RUNS}." * (len(labels) > SHOWN_RUNS)
            + f" Named by {' · '.join(self.differing)}." * bool(self.differing),
            f"Points with error bars for {len(labels)} settings; the table has their figures.",
            title=f"{self.main.heading} over seeds",
        )

    def print(self, console: Console | None = None) -> None:
        """Prints the tables, the notes and the recommendation."""
        print_comparison(self, console or Console(highlight=False))

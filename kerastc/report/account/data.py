"""The account of a run: the costs and losses of its compressed descendants, and which to take."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastc import formatting
from kerastc.console import Console
from kerastc.errors import UserError
from kerastc.outputs.output import Output
from kerastc.report.account.lineage import ancestors, family
from kerastc.report.account.model_rows import COSTS, add_bounds, figure_names, model_rows
from kerastc.report.account.notes import notes
from kerastc.report.account.plots import LABELLED, frontier
from kerastc.report.account.terminal import print_account
from kerastc.report.drawing.captioned import Picture, Plot
from kerastc.report.output_page import PARTS
from kerastc.report.page.template import render, report_links, write_page
from kerastc.report.record import read_record, shortest_names
from kerastc.run import Run
from kerastc.scores.figures import Figure
from kerastc.scores.pairs import Judged
from kerastc.scores.pareto import (
    Choice,
    advice,
    choose,
    deciding_part,
    dominated,
    judged,
    rule,
)

WITHIN = 0.01  # default of what a recommended model may lose
_PLOTTED = ("size", "latency")


@dataclass(frozen=True)
class Account:
    """The table of an original and its descendants.

    Args:
        rows: from `model_rows`, with distinct names in `model` and `run`: the original first, then
            the largest file first.
        output: of the original, whose main figure decides.
        within: the most of that figure that a recommended model is shown to lose.
        part: the part that decided, `validation` or `test`.
        recommended: the choice for each goal for which some model has figures: costs, and `main`.
        dominated: for each of `pareto.COSTS` and for `overall` (size and latency together) the
            measured models, cheapest first, each with those that dominate it.
        notes: what readers of the table must know.
    """

    rows: list[dict[str, Any]]
    output: Output
    within: float
    part: str
    recommended: dict[str, Choice]
    dominated: dict[str, dict[str, list[str]]]
    notes: list[str]

    @property
    def main(self) -> Figure:
        """The figure that decides."""
        return self.output.main

    @property
    def others(self) -> list[Figure]:
        """The further figures of the task, shares first."""
        others = (figure for figure in self.output.figures if figure != self.main)
        return sorted(others, key=lambda figure: not figure.share)

    @property
    def rule(self) -> str:
        """How the recommended models were chosen."""
        return rule(self.within, self.part, self.main, self.judged_on == "test")

    @property
    def judged_on(self) -> str:
        """The part whose figures are shown: validation without a test part."""
        return self.rows[0]["judged_on"]

    @property
    def advice(self) -> list[str]:
        """The recommended models in sentences."""
        return advice(self.recommended.values())

    @property
    def fronts(self) -> dict[str, list[str]]:
        """For each cost the models that no other dominates, cheapest first."""
        return {
            cost: [model for model, by in found.items() if not by]
            for cost, found in self.dominated.items()
        }

    @property
    def beaten(self) -> dict[str, list[str]]:
        """The models that others dominate in size, latency and figure at once, and by which."""
        return {model: by for model, by in self.dominated["overall"].items() if by}

    def nearest(self, models: Sequence[str]) -> str:
        """The best of some models, and how many others there are: `A and 2 more`."""
        best = max(
            (row for row in self.rows if row["model"] in models),
            key=lambda row: self.main.sign * judged(row)[self.main.name],
        )
        return best["model"] + f" and {len(models) - 1} more" * (len(models) > 1)

    def goals(self, model: str) -> list[str]:
        """What a model is recommended for."""
        return [goal for goal, choice in self.recommended.items() if choice.model == model]

    def to_json(self) -> str:
        """The account as strict JSON: a figure that is not a number is null."""
        account = {
            "rule": self.rule,
            "within": self.within,
            "notes": self.notes,
            "models": self.rows,
            "fronts": self.fronts,
            "dominated": self.dominated,
            "recommended": {goal: choice.as_dict() for goal, choice in self.recommended.items()},
        }
        account = formatting.without_nan(account)
        return json.dumps(account, indent=2, ensure_ascii=False, allow_nan=False)

    def to_csv(self) -> str:
        """A line per model; an interval takes two columns, and unknown values are empty."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        names = figure_names(self.output)
        columns = [f"{part}_{name}" for part in PARTS for key in names for name in _ends(key)]
        fixed = ["model", "run", "state", "file", "quantization", "threads"]
        writer.writerow([*fixed, *columns, *COSTS, "dominated_by", "recommended_for", "folder"])
        for row in self.rows:
            cells = [row[key] for key in fixed]
            for part in PARTS:
                for key in names:
                    value = row[part][key]
                    cells += [value] if len(_ends(key)) == 1 else value or [None, None]
            cells += [row[key] for key in COSTS]
            cells.append("; ".join(self.beaten.get(row["model"], [])))
            writer.writerow([*cells, " ".join(self.goals(row["model"])), row["folder"]])
        return buffer.getvalue()

    def plots(self) -> Iterator[Plot]:
        """The main figure against each cost that two or more models have."""
        for cost in _PLOTTED:
            if len(self.dominated[cost]) < 2:
                continue
            drawn = [row for row in self.rows if row["model"] in self.dominated[cost]]
            front = self.fronts[cost]
            starred = {choice.model for choice in self.recommended.values()}
            yield Plot(
                f"{self.main.name}_by_{cost}",
                frontier(drawn, cost, self.main, front, starred),
                f"{self.judged_on.capitalize()} {self.main.label} with 95 % intervals against "
                f"{cost}, on a logarithmic axis. The line is the front: no other model is both "
                f"cheaper and at least as {self.main.adjective}. Grey: the models that another one "
                "dominates."
                + " Named: the original, the front and the recommended."
                * (len(drawn) > LABELLED),
                f"{len(drawn)} models; on the front, cheapest first: {', '.join(front)}.",
                title=f"{self.main.heading} against {cost}",
            )

    def pictures(self) -> dict[str, tuple[str, Picture]]:
        """The drawn plots with their headings, by their names."""
        return {plot.name: (plot.title, Picture.of(plot)) for plot in self.plots()}

    def to_html(self, path: Path) -> None:
        """Writes one page that opens offline: the recommendation, the table, the plots.

        Raises:
            UserError: the path cannot be written.
        """
        pictures = self.pictures()
        contents = [("recommended", "Recommended")] if self.recommended else []
        contents += [("models", "Models")]
        contents += [(name, title) for name, (title, _) in pictures.items()]
        page = render(
            "account.html.j2",
            account=self,
            pictures=pictures,
            contents=contents,
            links=report_links((row["folder"] for row in self.rows), path),
        )
        write_page(path, page)

    def print(self, console: Console | None = None) -> None:
        """Prints the table, the notes and the recommendations."""
        print_account(self, console or Console(highlight=False))


def account(folders: Sequence[Path], within: float = WITHIN) -> Account:
    """Reads a run and its compressed descendants.

    Args:
        folders: runs of one original. One alone brings all its descendants; the original is always
            in the account.
        within: the most of the main figure that a recommended model is shown to lose; 0 to 1 for a
            share.

    Raises:
        UserError: the runs have no original in common, nothing was compressed, a file is broken,
            or the parents form a circle.
    """
    members = family(folders)
    if members is None:
        raise UserError(
            f"There is no account of {', '.join(map(str, folders))}: "
            + ("nothing was compressed from it." if len(folders) == 1 else "no common original."),
            "A compressed run is made by: kerastc compress RUN STEP…",
        )
    lines = [[folder, *ancestors(folder)] for folder in members]
    records = {folder: read_record(folder) for line in lines for folder in line}
    original = records[members[0]]
    if original.output is None:
        raise UserError(
            f"There is no account of {original.folder}: its training has not ended.",
            Run(original.folder).how_to_go_on,
        )
    main = original.output.main
    reference = {part: original.predictions_of(part) for part in PARTS}
    names = shortest_names(members)
    rows = [
        {"run": name, **row}
        for name, line in zip(names, lines, strict=True)
        for row in model_rows([records[folder] for folder in line], reference)
    ]
    _name_apart(rows)
    own = sum(row["folder"] == str(original.folder) for row in rows)
    rows = rows[:own] + sorted(rows[own:], key=_place)
    part = deciding_part(rows[0], main)
    before = reference[part] and Judged(original.output, reference[part])
    add_bounds(rows, {str(r.folder): r for r in records.values()}, before, part)
    costs = {"size": ["size"], "latency": ["latency"], "memory": ["memory"]}
    costs["overall"] = ["size", "latency"]
    return Account(
        rows,
        original.output,
        within,
        part,
        choose(rows, within, main),
        {name: dominated(rows, objectives, main) for name, objectives in costs.items()},
        notes(rows, main, original.units, original.data),
    )


def _name_apart(rows: Sequence[dict[str, Any]]) -> None:
    """Adds the run to names that several models share, and the file if that is not enough."""
    for key in ("run", "file"):
        counts = Counter(row["model"] for row in rows)
        for row in rows:
            if counts[row["model"]] > 1 and row[key]:
                row["model"] = f"{row['model']} ({row[key]})"


def _place(row: dict[str, Any]) -> tuple:
    """The largest file first, then models without a file, by parameters."""
    return row["bytes"] is None, -(row["bytes"] or 0), -(row["parameters"] or 0), row["model"]


def _ends(key: str) -> list[str]:
    """The columns of a figure: an interval has two."""
    return [f"{key}_low", f"{key}_high"] if key.endswith("_interval") else [key]

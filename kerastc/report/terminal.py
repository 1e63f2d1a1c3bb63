"""What the command line shows: tables of recipes, settings, results and predictions."""

import inspect
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from kerastc import formatting, settings
from kerastc.console import Console, Text
from kerastc.report.untested import untested
from kerastc.tasks import Task, task_of

if TYPE_CHECKING:
    from kerastc.compress.steps.step import Step
    from kerastc.recipe import Recipe
    from kerastc.run import Run
    from kerastc.settings import Field
    from kerastc.sweep.study_file import Contents, Study

console = Console(highlight=False)


def recipe_table(recipes: Iterable["Recipe"], studies: Iterable["Study"] = ()) -> None:
    """A line per recipe, those for a user's own data first, and per study.

    They fit on a screen of 24 lines.
    """
    recipes = sorted(recipes, key=lambda r: (r.name != "text", r.name != "supervised"))
    width = max(len(recipe.name) for recipe in recipes) + 2
    for own, title in ((True, "For your own data"), (False, "With data of their own")):
        console.print(f"[bold]{title}[/]")
        for recipe in recipes:
            if recipe.own_data == own:
                line = Text(f"  {recipe.name:{width}}{recipe.summary}")
                console.print(line, no_wrap=True, overflow="ellipsis")
    console.print("[bold]Studies of several recipes[/]: kerastc sweep --study NAME")
    for study in studies:
        line = Text(f"  {study.name:{width}}{study.contents.summary}")
        console.print(line, no_wrap=True, overflow="ellipsis")
    console.print(
        "\nRun one: kerastc train NAME      What it costs and reaches: kerastc show NAME",
        soft_wrap=True,
    )


def study_table(study: "Study") -> None:
    """A row per recipe of a study with its own settings; and the settings of all."""
    contents = study.contents
    console.print(f"[bold]{escape(study.name)}[/]: {escape(contents.summary)}")
    _paragraphs(contents)
    console.print(f"Seeds: {', '.join(map(str, contents.seeds))}.")
    if contents.tasks:
        console.print("Each recipe is a task of its own, judged by its own main figure.")
    if contents.folder is not None:
        console.print(
            f"Paths of data begin in the folder {contents.folder}; folder=DIR names another.",
            markup=False,
        )
    table = _table("recipe", "is told")
    table.add_row("all, where they have it", escape(_words(study.settings())))
    if contents.grid:
        grid = ((key, ",".join(map(str, values))) for key, values in study.grid().items())
        table.add_row("each of", escape(_words(dict(grid))))
    table.add_section()
    for entry in contents.recipes:
        name = contents.recipes[entry].get("recipe", entry)
        shown = entry if name == entry else f"{entry} ({name})"
        table.add_row(escape(shown), escape(_words(study.own(entry))))
    console.print(table)
    console.print(
        f"Run it: kerastc sweep --study {shlex.quote(study.called)} key=value …", markup=False
    )


def _words(values: Mapping[str, Any]) -> str:
    return " ".join(settings.word(key, value) for key, value in values.items())


def _paragraphs(told: "Recipe | Contents") -> None:
    for head, text in (("Data", told.data), ("Cost", told.cost), ("Expect", told.expect)):
        if text:
            console.print(f"{head}: {escape(text)}.")


def field_table(recipe: "Recipe", fields: Iterable["Field"]) -> None:
    """A row per setting: key, value, type, comment."""
    console.print(f"[bold]{escape(recipe.name)}[/]: {escape(recipe.summary)}")
    _paragraphs(recipe)
    console.print(_fields(fields))
    console.print(f"Change any: kerastc train {recipe.name} key=value …")


def steps_table(steps: Mapping[str, type["Step"]]) -> None:
    """What each step of `kerastc compress` does, and a table of its settings."""
    for name, step in steps.items():
        module = inspect.getdoc(inspect.getmodule(step))
        console.print(f"[bold]{escape(name)}[/]  {escape(module)}", soft_wrap=True)
        console.print(_fields(settings.fields(step)))


def _fields(fields: Iterable["Field"]) -> Table:
    table = _table("key", "value", "type", "meaning")
    for field in fields:
        value = "required" if field.required else json.dumps(field.default).replace("null", "none")
        table.add_row(*map(escape, (field.key, value, field.type_name, field.comment)))
    return table


def run_summary(run: "Run") -> None:
    """The figures of a finished run, the path of its report, and what to do next."""
    known = run.path("preprocessing.json").is_file()
    task = task_of(run) if known else None
    units = task.units if task else "texts"
    if run.path("metrics.json").is_file():
        metrics = run.read_json("metrics.json")
        if "test" in metrics:
            folds = metrics.get("folds")
            title = f"On {'held-out' if folds else 'test'} {units}"
            metrics_table(metrics["test"], task, title)
            _baseline_lines(metrics, task, "test")
            if folds:
                _folds(folds, task)
        elif "validation" in metrics:
            metrics_table(metrics["validation"], task, f"On validation {units}")
            _baseline_lines(metrics, task, "validation")
            if run.path("data.json").is_file():
                console.print(untested(run.read_json("data.json"), units))
        if task:
            page = task.output_part("page").PAGE(task.output)
            for line in page.further_lines(metrics):
                console.print(line)
    if run.path("report.html").is_file():
        console.print(f"Report:   {run.path('report.html')}", soft_wrap=True)
    if known:
        console.print(
            f"Use it:   kerastc predict {shlex.quote(str(run.folder))} {task.input.sample}",
            soft_wrap=True,
        )
    console.print(f"Repeat:   {run.config['command']}", soft_wrap=True, markup=False)


def metrics_table(metrics: Mapping[str, Any], task: "Task", title: str = "") -> None:
    """The figures of a part, as its output's page shows them on a terminal.

    Args:
        metrics: from `Output.metrics`.
        task: of the model.
        title: above them.
    """
    page = task.output_part("page").PAGE(task.output)
    for shown in page.terminal(metrics, title, task.units):
        console.print(shown)


def _baseline_lines(metrics: dict[str, Any], task: "Task", part: str) -> None:
    """The baseline's figure and cost, and plain words if the model is no better."""
    from kerastc.report.page.baseline import against_baseline

    compared = against_baseline(metrics, part, task.output)
    if compared is None:
        return
    baseline = metrics["baseline"]
    figures = baseline[part]
    main = task.output.main
    told = _figure(figures[main.name], figures.get("intervals", {}).get(main.name))
    seconds = formatting.duration(baseline["training"]["seconds"])
    console.print(f"{escape(compared['name'])}: {main.label} {told}; {seconds}")
    if not compared["beaten"]:
        console.print(f"[bold]{escape(compared['verdict'])}[/]")


def _folds(folds: Mapping[str, Any], task: "Task") -> None:
    """Which models the cross-validated figures belong to, and the figures of each fold."""
    from kerastc.report.page import fold_figures

    console.print(fold_figures.told(folds, task.units))
    table = _table(*fold_figures.headings(task.output.figures))
    for row in fold_figures.cells(folds, task.output.figures):
        table.add_row(*row)
    console.print(table)


def _table(*columns: str, title: str = "") -> Table:
    table = Table(title=title or None, title_justify="left", header_style="bold", box=SIMPLE_HEAD)
    for index, name in enumerate(columns):
        table.add_column(name, overflow="fold", no_wrap=index == 0 and name in ("key", "recipe"))
    return table


def _figure(value: float, ends: Sequence[float] | None) -> str:
    """Like `formatting.short`, for a console with markup."""
    return escape(formatting.short(value, ends))

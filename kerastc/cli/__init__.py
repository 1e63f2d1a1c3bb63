"""The command line: parses, calls one function, prints. Nothing heavy is imported at the top."""

from pathlib import Path

import click

from kerastc import __version__
from kerastc.cli import compress, corpus, data, deploy, predict, train
from kerastc.cli.commands import Commands
from kerastc.cli.options import JSON, RUN, TEACHER
from kerastc.printable import echo


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kerastc")
def main() -> None:
    """Train small Keras models from named recipes, and see what they cost and what they lose.

    \b
    First steps:
      kerastc recipes                      what there is to run
      kerastc show arxiv                   every setting of a recipe, explained
      kerastc train docstrings             a real model from real text, no network
      kerastc train text data=my.csv       the same for your own labelled texts
      kerastc predict runs/text/... "a text to classify"
      kerastc compress runs/text/... vocabulary distill:layers=3 quantize:int8
      kerastc compare runs/text/...        what that kept, lost and won
    """


@main.command()
def recipes() -> None:
    """List the recipes, and the studies that compare them: what each does."""
    from kerastc import recipe
    from kerastc.report.terminal import recipe_table
    from kerastc.sweep import all_studies

    recipe_table(recipe.all_recipes(), all_studies())


@main.command()
@click.argument("name", metavar="RECIPE|STUDY")
@click.argument("words", metavar="[KEY=VALUE]...", nargs=-1)
def show(name: str, words: tuple[str, ...]) -> None:
    """Print every setting of a RECIPE: value, type, meaning.

    With KEY=VALUE words, the settings that it then has: kerastc show one-class method=fixmatch

    For a STUDY, its recipes and the settings of each.
    """
    from kerastc import recipe, settings
    from kerastc.report.terminal import field_table, study_table
    from kerastc.sweep import find_study

    if name.endswith(".toml") or name.replace("_", "-") in recipe.study_names():
        study_table(find_study(name))
        return
    script = recipe.find(name)
    field_table(script, settings.shown(script.load().Config, words))


@main.command()
@click.argument(
    "folders", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@JSON
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--html", type=click.Path(path_type=Path), help="Write one page that opens offline.")
@click.option(
    "--within",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="The most that a model chosen for its size or speed may lose of its main figure, "
    "such as accuracy.",
)
@TEACHER
def compare(folders, as_json, as_csv, html, within, teacher) -> None:
    """Show any runs side by side: a table, and with --html plots.

    A compressed run is shown with all models made from it: what each keeps, loses and costs
    against the original, which are dominated by others, and which to take.

    Runs of several tasks have a table with a column per task. With --teacher it also tells what
    the other runs, compressed ones included, keep of the teacher's figures.

    \b
    kerastc compare runs/glues/sweeps/*/0* --teacher e5
    kerastc compare runs/ner/20261121-101500/compressed/* --teacher runs/ner/20261121-101500
    """
    from kerastc.report import account, family
    from kerastc.report import compare as compare_runs

    if teacher or not family(folders):
        comparison = compare_runs(folders, teacher=teacher)
    else:
        comparison = account(folders, within)
    if html is not None:
        comparison.to_html(html)
        echo(f"Wrote {html}", err=True)
    if as_json:
        echo(comparison.to_json())
    elif as_csv:
        echo(comparison.to_csv(), nl=False)
    else:
        comparison.print()


@main.command()
@click.argument("script", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def trust(script) -> None:
    """Let the runs of a recipe SCRIPT be resumed and compressed without naming it.

    A run names the script that made it, and a script is code that runs with your rights. A script
    that you have never run does not run just because a folder names it: read it first.
    """
    from kerastc import recipe
    from kerastc import trust as trusted
    from kerastc.folders import state_folder

    found = recipe.find(str(script.resolve()))
    trusted.remember(found, state_folder(), needed=True)
    echo(f"Trusted: {found.path} (SHA-256 {trusted.digest(found)})")


@main.command()
@RUN
def report(run) -> None:
    """Draw the plots and report.html of a RUN again."""
    from kerastc.report import write_report
    from kerastc.run import Run

    echo(write_report(Run.open(run).folder))


for command in (
    train.train,
    train.sweep,
    predict.predict,
    predict.evaluate,
    compress.compress,
    compress.steps,
    deploy.export,
    deploy.benchmark,
    data.data,
    corpus.corpus,
):
    main.add_command(command)

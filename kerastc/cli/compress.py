"""The command that makes a run smaller. Nothing heavy is imported at the top."""

import json
from pathlib import Path

import click

from kerastc.cli.commands import Command
from kerastc.cli.options import DESPITE_CHANGES, MOVED
from kerastc.errors import UserError
from kerastc.folders import Folders
from kerastc.printable import echo


@click.command(cls=Command)
@click.argument("run", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@click.argument("steps", metavar="STEP...", nargs=-1)
@click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder of the child; else RUN/compressed/…",
)
@click.option("--resume", is_flag=True, help="Resume a stopped --run after its last step.")
@click.option("--backend", metavar="tensorflow|jax|torch", help="Keras backend of the steps.")
@click.option(
    "--within", metavar="FIGURE=LOSS", help="Search: the most that may be lost; accuracy=0.01."
)
@click.option("--for", "goal", metavar="size|latency|memory", help="Search: what to minimise.")
@click.option("--trials", type=int, help="Search: number of chains in all; 20.")
@click.option("--epochs", type=int, help="Search: most epochs per chain; 1.")
@click.option("--json", "as_json", is_flag=True, help="Search: print the result as JSON.")
@MOVED
@DESPITE_CHANGES
def compress(
    run, steps, folder, resume, backend, as_json, moved, despite_changes, **options
) -> None:
    """Make a finished RUN smaller by STEPS, in the order given, as a new run.

    A STEP is NAME, NAME:VALUE or NAME:KEY=VALUE,KEY=VALUE. `kerastc steps` explains every one.

    \b
    vocabulary                 keep only tokens that can occur (texts)
    structured:neurons=0.5     remove whole neurons, heads or layers; for images channels=0.5
    low-rank:energy=0.9        two thin matrices instead of one
    prune:0.8                  zeros instead of small weights
    distill:layers=3           a smaller student learns from the run; for images width=0.5
    recover                    fine-tuning, with the run as teacher
    quantize:int8              a LiteRT file of 8-bit weights; always last

    With --within, the steps are searched for: each of --trials chains is exported and compared with
    the original on every validation row. Of those shown to lose at most LOSS (paired bootstrap,
    95 % for all chains at once), the cheapest becomes a run; if there is none, the original stays.
    STEPs given here come first in every chain. The same command again resumes where it stopped.

    \b
    kerastc compress runs/headlines/x vocabulary distill:layers=3,epochs=4 quantize:int8
    kerastc compress runs/headlines/x low-rank:rank=30 recover:epochs=2
    kerastc compress runs/supervised/x structured:channels=0.5,epochs=5 quantize:int8-static
    kerastc compress --resume --run runs/headlines/x/compressed/low-rank-rank=30+recover-epochs=2
    kerastc compress runs/headlines/x --within accuracy=0.01 --for latency --trials 30
    kerastc compare runs/headlines/x
    """
    changes = {"moved": moved, "despite_changes": despite_changes}
    given = {key: value for key, value in options.items() if value is not None}
    if given or as_json:
        if folder or resume:
            raise UserError(
                f"{'--run' if folder else '--resume'} does not go with a search, which names its "
                "runs itself and resumes wherever it was stopped.",
                "Leave it out.",
            )
        _search(run, steps, given, as_json, folders=Folders(), backend=backend, **changes)
        return
    from kerastc.compress import compress as compress_run
    from kerastc.report.terminal import run_summary

    where = {"folders": Folders(), "folder": folder, "resume": resume, "backend": backend}
    run_summary(compress_run(run, steps, **where, **changes))


def _search(run, steps, options, as_json, **where) -> None:
    from kerastc.compress import search
    from kerastc.compress.search.terminal import search_tables

    if "within" not in options:
        raise UserError(
            "A search needs to know what may be lost: --within is missing.",
            "For example --within accuracy=0.01 --for size",
        )
    if run is None:
        raise UserError("Which run?", "kerastc compress RUN --within accuracy=0.01")
    found = search(run, steps, **options, **where)
    if as_json:
        echo(json.dumps(found.as_dict(), indent=2))
    else:
        search_tables(found)
    if found.refusal:
        raise found.refusal


@click.command(cls=Command)
def steps() -> None:
    """List the steps of `kerastc compress`, and every setting of each."""
    from kerastc.compress.steps.parse import STEPS
    from kerastc.report.terminal import steps_table

    steps_table(STEPS)

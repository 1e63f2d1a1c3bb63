"""The command that makes a run smaller. Nothing heavy is imported at the top."""

from pathlib import Path

import click


@click.command()
@click.argument("run", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@click.argument("steps", metavar="STEP...", nargs=-1)
@click.option(
    "--run", "folder", type=click.Path(path_type=Path), help="Of the child; else RUN/compressed/…"
)
@click.option("--resume", is_flag=True, help="Go on with a stopped --run behind its last step.")
@click.option("--backend", metavar="tensorflow|jax|torch", help="Keras backend of the steps.")
def compress(run, steps, folder, resume, backend) -> None:
    """Make a finished RUN smaller by STEPS, in their order, as a run of its own.

    A STEP is NAME, NAME:VALUE or NAME:KEY=VALUE,KEY=VALUE. `kerastc steps` explains every one.

    \b
    vocabulary                 only tokens that can occur
    structured:neurons=0.5     whole neurons, heads, layers or channels less
    low-rank:energy=0.9        two thin matrices in the place of one
    prune:0.8                  zeros in the place of small weights
    distill:layers=3           a smaller student learns from the run
    recover                    fine-tuning, with the run as teacher
    quantize:int8              a LiteRT file of 8-bit weights; always last

    \b
    kerastc compress runs/headlines/x vocabulary distill:layers=3,epochs=4 quantize:int8
    kerastc compress runs/headlines/x low-rank:rank=30 recover:epochs=2
    kerastc compress --resume --run runs/headlines/x/compressed/low-rank-rank=30+recover-epochs=2
    kerastc compare runs/headlines/x
    """
    from kerastc import launch
    from kerastc.compress import compress as compress_run
    from kerastc.report.terminal import run_summary

    where = {"places": launch.Places(), "folder": folder, "resume": resume, "backend": backend}
    run_summary(compress_run(run, steps, **where))


@click.command()
def steps() -> None:
    """List the steps of `kerastc compress`, and every setting of each."""
    from kerastc.backend import choose_backend

    choose_backend(None)
    from kerastc.compress.words import STEPS
    from kerastc.report.terminal import steps_table

    steps_table(STEPS)

"""The commands that train. Nothing heavy is imported at the top."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kerastc.cli.commands import Command
from kerastc.cli.options import BACKEND, DESPITE_CHANGES, JSON, MOVED, RUNS, TEACHER
from kerastc.errors import UserError
from kerastc.folders import Folders
from kerastc.printable import echo

if TYPE_CHECKING:
    from kerastc.processes.place import Place


PLACE = ("processes", "coordinator", "rank", "layout", "started")


class Training(Command):
    """Commands that take settings; an error shows how to write one given like an option."""

    def in_its_words(self, text: str) -> str:
        """Settings are this command's own words, `data` too."""
        return text

    def parse_args(self, ctx: click.Context, args: list[str]):
        given = ctx.meta["words"] = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            from kerastc.synonyms import is_setting, meant

            place = next(
                (i for i, word in enumerate(given) if word.startswith(error.option_name)), 0
            )
            value = given[place].partition("=")[2] or next(iter(given[place + 1 :]), "")
            if not value or value.startswith("-") or "=" in value:
                value = "VALUE"
            name = error.option_name.lstrip("-").replace("-", "_")
            if is_setting(name):
                error.possibilities = None  # options that merely look similar
            key = meant(name)
            error.message += f" Settings of a recipe are written without dashes: {key}={value}"
            raise


def _checked_address(ctx, parameter, value: str | None) -> str | None:
    host, _, port = (value or "").rpartition(":")
    if value is not None and not (host and port.isdecimal() and 0 < int(port) < 65536):
        raise click.BadParameter(f"{value!r} is not HOST:PORT, such as 10.0.0.1:5000.")
    return value


@click.command(cls=Training)
@click.argument("name", metavar="[RECIPE]", required=False)
@click.argument("overrides", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--run", "folder", type=click.Path(path_type=Path), help="Folder of this run.")
@click.option("--resume", is_flag=True, help="Resume a stopped run, to the same figures.")
@click.option(
    "--from",
    "parent",
    metavar="RUN|CHECKPOINT",
    type=click.Path(path_type=Path),
    help="Continue from a checkpoint in a child run, with changed regularisation.",
)
@click.option("--seed", type=int, help="The same as seed=N.")
@click.option(
    "--processes",
    type=click.IntRange(1),
    metavar="N",
    help="Share the batches of one training between N processes, on JAX.",
)
@click.option(
    "--coordinator",
    metavar="HOST:PORT",
    callback=_checked_address,
    help="On several machines: where process 0 listens; the same in all.",
)
@click.option("--rank", type=click.IntRange(0), metavar="I", help="On several: 0 to N - 1.")
@click.option(
    "--layout",
    type=click.Choice(["data", "model"]),
    default="data",
    show_default=True,
    help="What processes divide: the rows of a batch, or the large weights.",
)
@click.option("--started", is_flag=True, hidden=True)
@MOVED
@DESPITE_CHANGES
@BACKEND
@RUNS
@click.pass_context
def train(ctx, name, overrides, folder, resume, parent, seed, backend, runs, **more) -> None:
    """Train RECIPE with settings changed by KEY=VALUE words.

    RECIPE is a name from `kerastc recipes`, or the path of your own recipe script. A script is code
    that runs with your rights: give only one that you trust.

    \b
    kerastc train docstrings
    kerastc train arxiv data=abstracts.csv.gz problem=general --seed 3
    kerastc train text data=my.csv label=topic early_stopping.patience=5
    kerastc train text data=few.csv folds=5
    kerastc train --resume --run runs/docstrings/20261121-101500
    kerastc train --from runs/text/20261121-101500/checkpoints/step-4000.npz dropout=0.6
    kerastc train language-model corpus=OUT --backend jax --processes 2
    """
    from kerastc import launch
    from kerastc.report.terminal import run_summary

    place = _place(**{key: more.pop(key) for key in PLACE})
    if place is not None and not place.coordinator:
        known = backend is None and (resume or parent)  # a run goes on on its own
        ctx.exit(_started(ctx, place.count, "jax" if known else backend))
    if name and "=" in name:  # only overrides were given, with --resume or --from
        name, overrides = None, (name, *overrides)
    if seed is not None:
        overrides = (*overrides, f"seed={seed}")
    more |= {"folders": Folders(runs), "folder": folder, "backend": backend}
    more |= {"resume": resume, "parent": parent}
    if place is None:
        run_summary(launch.train(name, overrides, **more))
    else:
        from kerastc import together

        if run := together.train(place, name, overrides, **more):
            run_summary(run)


@click.command(cls=Training)
@click.argument("recipe", metavar="[RECIPE]", required=False)
@click.argument("words", metavar="KEY=VALUES...", nargs=-1)
@click.option("--trials", type=int, metavar="N", help="Trials in all; needed with a range.")
@click.option("--study", metavar="STUDY", help="A study instead of a recipe: a name, or a file.")
@click.option("--name", metavar="NAME", help="Name of the sweep; by default made from the words.")
@click.option("--storage", metavar="URL", help="Optuna storage; by default SQLite under --runs.")
@click.option(
    "--objective",
    metavar="FIGURE",
    help="The figure that decides, on validation data, such as accuracy, macro_f1 or loss; by "
    "default the main figure of the recipe's task.",
)
@TEACHER
@JSON
@MOVED
@DESPITE_CHANGES
@BACKEND
@RUNS
def sweep(
    recipe,
    words,
    trials,
    study,
    name,
    storage,
    objective,
    teacher,
    as_json,
    backend,
    runs,
    **changes,
):
    """Train RECIPE with each of many settings, and compare them.

    A word with commas lists values; several such words make a grid. LOW..HIGH is a range sampled by
    Optuna's TPE: it takes :log (evenly by magnitude) and :int, and needs --trials. Values of a
    field that takes a list go in brackets: key=[a,b],[c].

    The same command again resumes where the last one stopped. Several processes, or with --storage
    several machines, that run it share the trials; the trial of a killed one is run again.

    \b
    kerastc sweep arxiv data=FILE learning_rate=5e-2,5e-4,5e-6 schedule=linear,constant
    kerastc sweep arxiv data=FILE train_fraction=1,0.5,0.25 seed=0,1,2,3,4
    kerastc sweep docstrings learning_rate=1e-4..1e-2:log dropout=0..0.5 --trials 20

    A study is a TOML file that lists several recipes with their settings, and seeds. Words change
    the settings of all its recipes that have them; recipe=NAME,NAME takes some of the recipes. In a
    study of tasks folder=DIR names the folder of the data, and each task has a column of the table.

    \b
    kerastc sweep --study cifar100 data=digits epochs=4
    kerastc sweep --study cifar100 data=cifar100.npz recipe=supervised,simclr seed=0,1,2
    kerastc sweep --study glues folder=spanish backbone=e5,minilm --teacher e5
    kerastc show cifar100
    kerastc sweep --study mine.toml
    """
    from kerastc.sweep import sweep as run_sweep

    if study and recipe and "=" in recipe:
        recipe, words = None, (recipe, *words)
    _refuse_both(recipe, study)
    result = run_sweep(
        recipe,
        words,
        folders=Folders(runs),
        study=study,
        name=name,
        storage=storage,
        trials=trials,
        objective=objective,
        teacher=teacher,
        backend=backend,
        **changes,
    )
    if as_json:
        echo(json.dumps(result.as_dict(), indent=2))
    else:
        result.print()


def _place(processes, coordinator, rank, layout, started) -> "Place | None":
    """Which of several processes this one is, or is to start; None if it is alone."""
    from kerastc.processes.place import Place

    if coordinator is None and rank is None:
        if processes in (None, 1):
            if layout != "data":
                raise UserError(
                    f"--layout {layout} is of several processes.",
                    "Add --processes N, or leave it out.",
                )
            return None
        return Place(count=processes, layout=layout)
    if None in (processes, coordinator, rank):
        raise UserError(
            "On several machines each process needs --processes N, --coordinator HOST:PORT and "
            "--rank I.",
            "On this machine alone --processes N starts them all.",
        )
    if rank >= processes:
        raise UserError(
            f"--rank {rank} of --processes {processes}: ranks are 0 to {processes - 1}."
        )
    return Place(rank, processes, coordinator, layout, started)


def _started(ctx: click.Context, count: int, backend: str | None) -> int:
    """The status of this command in several processes."""
    from kerastc.backend import backend_name
    from kerastc.processes.limits import require_jax
    from kerastc.processes.supervisor import start

    require_jax(count, backend_name(backend))
    # -P: nothing is imported from the current folder.
    return start([sys.executable, "-P", "-m", "kerastc", "train", *ctx.meta["words"]], count)


def _refuse_both(recipe: str | None, study: str | None) -> None:
    """Refuses a recipe beside a study, and neither."""
    if recipe and study:
        raise UserError(
            f"{recipe} is a recipe, and the study {study} has recipes of its own.",
            f"Take some of them: recipe={recipe}. To give a sweep a name: --name {study}",
        )
    if not recipe and not study:
        raise UserError(
            "What is swept? Name a recipe or a study.",
            "kerastc sweep RECIPE KEY=VALUE,VALUE or kerastc sweep --study STUDY",
        )

"""The command line: parses, calls one function, prints. Nothing heavy is imported at the top."""

import json
import sys
from pathlib import Path

import click

from kerastc import __version__
from kerastc.cli_compress import compress, steps
from kerastc.cli_data import data as data_commands
from kerastc.cli_deploy import benchmark as benchmark_command
from kerastc.cli_deploy import export as export_command
from kerastc.errors import UserError


class Commands(click.Group):
    """Prints a UserError as a message, and an interruption without a traceback."""

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except UserError as error:
            click.secho(f"Error: {error.message}", fg="red", err=True)
            if error.hint:
                click.echo(error.hint, err=True)
            ctx.exit(130 if isinstance(error.__context__, KeyboardInterrupt) else 1)
        except OSError as error:  # a full or read-only disk, no rights; anything else is our bug
            if error.strerror is None:
                raise
            click.secho(f"Error: {error.strerror}: {error.filename}", fg="red", err=True)
            click.echo(
                "Nothing there was changed by halves. --run and --runs choose folders.", err=True
            )
            ctx.exit(1)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            ctx.exit(130)


RUNS = click.option(
    "--runs",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    envvar="KERASTC_RUNS",
    show_default=True,
    help="Folder of all runs.",
)
BACKEND = click.option(
    "--backend",
    metavar="tensorflow|jax|torch",
    help="Keras backend; by default KERAS_BACKEND, else the first that is installed.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
ENCODING = click.option("--encoding", default="utf-8", show_default=True, help="Of the file.")
EXPORTED = (".tflite", ".onnx", ".zip")
RUN = click.argument("run", type=click.Path(path_type=Path))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kerastc")
def main() -> None:
    """Train small Keras models from named recipes, and see what they cost and what they lose.

    \b
    First steps:
      kerastc recipes                      what there is to run
      kerastc show arxiv                   every setting of a recipe, explained
      kerastc train docstrings             a real model from real text, no network needed
      kerastc train text data=my.csv       the same for your own labelled texts
      kerastc predict runs/text/... "a text to classify"
    """


@main.command()
def recipes() -> None:
    """List the recipes: what each does, costs and reaches."""
    from kerastc import recipe
    from kerastc.report.terminal import recipe_table

    recipe_table(recipe.all_recipes())


@main.command()
@click.argument("name", metavar="RECIPE")
def show(name: str) -> None:
    """Print every setting of a RECIPE: value, type, meaning."""
    from kerastc import recipe, settings
    from kerastc.report.terminal import field_table

    script = recipe.find(name)
    field_table(script, settings.fields(script.load().Config))


@main.command()
@click.argument("name", metavar="[RECIPE]", required=False)
@click.argument("overrides", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--run", "folder", type=click.Path(path_type=Path), help="Folder of this run.")
@click.option("--resume", is_flag=True, help="Go on with a stopped run, to the same figures.")
@click.option(
    "--from",
    "parent",
    metavar="RUN|CHECKPOINT",
    type=click.Path(path_type=Path),
    help="Go on from a checkpoint in a child run, with changed regularisation.",
)
@click.option("--seed", type=int, help="The same as seed=N.")
@BACKEND
@RUNS
def train(name, overrides, folder, resume, parent, seed, backend, runs) -> None:
    """Train RECIPE with settings changed by KEY=VALUE words.

    RECIPE is a name of `kerastc recipes`, or the path of a recipe script of your own. A script is
    code that runs with your rights: give only one that you trust.

    \b
    kerastc train docstrings
    kerastc train arxiv data=abstracts.csv.gz problem=general --seed 3
    kerastc train text data=my.csv label=topic early_stopping.patience=5
    kerastc train --resume --run runs/docstrings/20261121-101500
    kerastc train --from runs/text/20261121-101500/checkpoints/step-4000.npz dropout=0.6
    """
    from kerastc import launch
    from kerastc.report.terminal import run_summary

    if name and "=" in name:  # only overrides were given, with --resume or --from
        name, overrides = None, (name, *overrides)
    if seed is not None:
        overrides = (*overrides, f"seed={seed}")
    where = {"places": launch.Places(runs), "folder": folder, "backend": backend}
    run_summary(launch.train(name, overrides, resume=resume, parent=parent, **where))


@main.command()
@click.argument("run", metavar="RUN|FILE", type=click.Path(path_type=Path))
@click.argument("texts", nargs=-1)
@click.option("--file", "path", type=click.Path(path_type=Path), help="CSV, TSV, JSON Lines, text.")
@click.option("--text", "columns", metavar="COLUMN[+COLUMN]", default="", help="Column of --file.")
@ENCODING
@JSON
@BACKEND
def predict(run, texts, path, columns, encoding, as_json, backend) -> None:
    """Classify TEXTS (or the lines of standard input) with a finished RUN, or an exported FILE.

    FILE is a .tflite or .onnx with its signature and tokenizer beside it, or a bundle (.zip). It
    needs no Keras, and answers in less than a second.

    \b
    kerastc predict runs/text/20261121-101500 "a text"
    kerastc predict runs/text/20261121-101500/exports/model.tflite "a text"
    kerastc predict headlines.zip --file new.csv --text title+body
    """
    from kerastc.report.answers import prediction_rows, prediction_table

    texts = list(texts)
    if path is not None:
        from kerastc.data import read_unlabelled

        texts += read_unlabelled(path, _columns(columns), encoding)
    elif not texts:
        texts = [line.rstrip("\n") for line in sys.stdin if line.strip()]
    if not texts:
        raise UserError("There is no text to classify.", 'kerastc predict RUN "a text"')
    predictor = _predictor(run, backend)
    probabilities = predictor.probabilities(texts)
    if as_json:
        click.echo(json.dumps(prediction_rows(texts, probabilities, predictor.classes), indent=2))
    else:
        click.echo(_loaded(predictor), err=True)
        prediction_table(texts, probabilities, predictor.classes)


@main.command()
@RUN
@click.option("--data", type=click.Path(path_type=Path), required=True, help="A labelled file.")
@click.option("--text", "columns", metavar="COLUMN[+COLUMN]", default="", help="Text column.")
@click.option("--label", default="", help="Label column.")
@ENCODING
@JSON
@BACKEND
def evaluate(run, data, columns, label, encoding, as_json, backend) -> None:
    """Measure a finished RUN on a labelled file of your own."""
    from kerastc.data import read_texts
    from kerastc.report import classification_metrics
    from kerastc.report.terminal import metrics_table

    texts = read_texts(data, _columns(columns), label, encoding=encoding, one_class=True)
    predictor = _predictor(run, backend)
    texts = predictor.matching(texts)
    metrics = classification_metrics(
        texts.labels, predictor.probabilities(texts.texts), predictor.classes
    )
    if as_json:
        click.echo(json.dumps(metrics, indent=2))
    else:
        click.echo(f"{_loaded(predictor)}\n{len(texts):,} texts of {texts.source}", err=True)
        metrics_table(metrics)


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
    help="Accuracy that a model recommended for its size or speed may lose.",
)
def compare(folders, as_json, as_csv, html, within) -> None:
    """Show any runs side by side: a table, and with --html plots.

    A run that was compressed is shown with all that came of it: what each model keeps, loses and
    costs against the original, which ones others dominate, and which to take.
    """
    from kerastc.report import account, family
    from kerastc.report import compare as compare_runs

    comparison = account(folders, within) if family(folders) else compare_runs(folders)
    if html is not None:
        comparison.to_html(html)
        click.echo(f"Wrote {html}", err=True)
    if as_json:
        click.echo(comparison.to_json())
    elif as_csv:
        click.echo(comparison.to_csv(), nl=False)
    else:
        comparison.print()


@main.command()
@click.argument("name", metavar="RECIPE")
@click.argument("words", metavar="KEY=VALUES...", nargs=-1, required=True)
@click.option("--trials", type=int, metavar="N", help="Trials in all; needed with a range.")
@click.option("--study", metavar="NAME", help="Name of the study; by default made of the words.")
@click.option("--storage", metavar="URL", help="Optuna storage; by default SQLite under --runs.")
@click.option(
    "--objective",
    type=click.Choice(["accuracy", "macro_f1", "loss"]),
    default="accuracy",
    show_default=True,
    help="What decides, on validation data.",
)
@JSON
@BACKEND
@RUNS
def sweep(name, words, trials, study, storage, objective, as_json, backend, runs) -> None:
    """Train RECIPE with each of many settings, and compare them.

    A word with commas lists values; several such words make a grid. LOW..HIGH is a range, drawn
    from by Optuna's TPE: it takes :log (evenly by magnitude) and :int, and needs --trials. Values
    of a field that takes a list stand in brackets: key=[a,b],[c].

    The same command again goes on where the last one stopped. Given to several processes, or with
    --storage to several machines, they share the trials; a killed one's trial is run again.

    \b
    kerastc sweep arxiv data=FILE learning_rate=5e-2,5e-4,5e-6 schedule=linear,constant
    kerastc sweep arxiv data=FILE train_fraction=1,0.5,0.25 seed=0,1,2,3,4
    kerastc sweep docstrings learning_rate=1e-4..1e-2:log dropout=0..0.5 --trials 20
    """
    from kerastc import launch
    from kerastc.sweep import sweep as run_sweep

    result = run_sweep(
        name,
        words,
        places=launch.Places(runs),
        study=study,
        storage=storage,
        trials=trials,
        objective=objective,
        backend=backend,
    )
    if as_json:
        click.echo(json.dumps(result.as_dict(), indent=2))
    else:
        result.print()


@main.command()
@RUN
def report(run) -> None:
    """Draw the plots and report.html of a RUN again."""
    from kerastc.report import write_report
    from kerastc.run import Run

    click.echo(write_report(Run.open(run).folder))


def _columns(words: str) -> list[str]:
    from kerastc.data import column_names

    return column_names(words)


def _predictor(run: Path, backend: str | None):
    if run.is_file() or run.suffix in EXPORTED:
        from kerastc.deploy import load

        return load(run)
    from kerastc.backend import choose_backend
    from kerastc.run import Run

    opened = Run.open(run)
    choose_backend(backend)
    from kerastc.predictor import Predictor

    return Predictor(opened)


def _loaded(predictor) -> str:
    classes = ", ".join(predictor.classes)
    return f"Loaded {predictor.name} ({predictor.parameters:,} parameters): {classes}"


main.add_command(data_commands)
main.add_command(export_command)
main.add_command(benchmark_command)
main.add_command(compress)
main.add_command(steps)

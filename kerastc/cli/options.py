"""Options and arguments that several commands share."""

from pathlib import Path

import click

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
DESPITE_CHANGES = click.option(
    "--despite-changes",
    is_flag=True,
    help="Continue although the recipe or the versions have changed.",
)
MOVED = click.option(
    "--data",
    "moved",
    metavar="NEW",
    multiple=True,
    help="Where the run's data are now; KEY=NEW for another setting.",
)
TEACHER = click.option(
    "--teacher",
    metavar="RUN|VALUE",
    default="",
    help="Whose figures the other runs are to keep: a run, or the value of a setting, such as an "
    "encoder, by which runs differ.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
ENCODING = click.option(
    "--encoding",
    default="",
    help="Encoding of the file; by default that of the run's data, else utf-8.",
)
DELIMITER = click.option(
    "--delimiter",
    metavar="CHARACTER|tab",
    default="",
    help="Between the columns; by default that of the run's data, else detected.",
)
HEADER = click.option(
    "--header/--no-header",
    default=None,
    help="Whether the first line names the columns; by default as in the run's data.",
)
SHEET = click.option(
    "--sheet",
    metavar="NAME",
    default="",
    help="Excel sheet; by default that of the run's data, else the only one with rows.",
)
RUN = click.argument("run", type=click.Path(path_type=Path))

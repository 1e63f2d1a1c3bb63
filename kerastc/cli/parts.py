"""Options for the parts of an example that has several: --question and --context, of questions."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from kerastc.errors import UserError
from kerastc.tasks import TASKS, Task


def part_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command an option for each part, of every task whose examples have several.

    The command gets the values of all as `parts`, by name, None where there is none.
    """
    parts = {
        name: task for task in TASKS.values() if len(task.columns) > 1 for name in task.columns
    }

    @wraps(command)
    def with_parts(**given: Any) -> Any:
        return command(
            parts={name: _one(name, given.pop(_parameter(name))) for name in parts}, **given
        )

    for name, task in reversed(parts.items()):
        metavar = "FILE" if name in task.files else "TEXT"
        help = f"Of {task.units}: the {name}."
        with_parts = click.option(
            f"--{name}", _parameter(name), metavar=metavar, multiple=True, help=help
        )(with_parts)
    return with_parts


def words_of(parts: Mapping[str, str | None], task: Task, run: Path, encoding: str) -> list[str]:
    """The parts as words of the command line, in the order of the task's columns; or none.

    Args:
        parts: as given.
        task: of the model.
        run: the model, named in errors.
        encoding: of a file; empty is UTF-8.

    Raises:
        UserError: they are not those of the task's examples, or a file cannot be read.
    """
    given = {name: value for name, value in parts.items() if value is not None}
    sample = f"kerastc predict {shlex.quote(str(run))} {task.input.sample}"
    for name in given:
        if name not in task.columns:
            raise UserError(f"--{name}: {run} takes {task.units}, which have no {name}.", sample)
    missing = [name for name in task.columns if name not in given]
    if given and missing:
        raise UserError(f"{run} takes {task.units}: --{missing[0]} is missing.", sample)
    return [
        _read(given[name], encoding) if name in task.files else given[name]
        for name in task.columns
        if name in given
    ]


def _one(name: str, values: Sequence[str]) -> str | None:
    """The value of an option that may be given once."""
    if len(values) > 1:
        raise UserError(
            f"--{name} is given {len(values)} times.", "Several examples go in a file: --file FILE"
        )
    return values[0] if values else None


def _read(path: str, encoding: str) -> str:
    from kerastc.data.tables.plain_file import PlainFile

    return "".join(PlainFile.at(path, encoding or "utf-8").chunks(show_progress=False))


def _parameter(name: str) -> str:
    return f"part_{name}"

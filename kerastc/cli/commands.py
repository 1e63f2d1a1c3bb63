"""What all commands share: errors are reported in the words of the command."""

import errno
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from kerastc.errors import UserError, nearest, out_of_memory
from kerastc.printable import echo, printable
from kerastc.processes.place import ending_at_once
from kerastc.streams import show_everything

NO_MEMORY = (
    "Memory ran out.",
    "Give the machine more, or use less: a smaller batch_size, shorter texts (max_tokens) or "
    "fewer rows.",
)
# Commands by the names that they have elsewhere.
MEANT = {
    **dict.fromkeys(("resume", "continue", "restart"), "train --resume --run RUN"),
    **dict.fromkeys(("fit", "finetune", "fine-tune"), "train RECIPE"),
    **dict.fromkeys(("list", "ls"), "recipes"),
    **dict.fromkeys(("convert", "save"), "export RUN"),
    **dict.fromkeys(("test", "eval", "validate", "score"), "evaluate RUN --data FILE"),
    **dict.fromkeys(("classify", "infer", "inference", "run"), 'predict RUN "a text"'),
    **dict.fromkeys(("search", "tune", "grid"), "sweep RECIPE KEY=VALUE,VALUE"),
}


# Settings of recipes, by the options that name the same of a file to be measured.
OPTIONS = {"word": "text", "tag": "label"}


class Command(click.Command):
    """A command whose errors name its options where the library's name settings.

    The library says `Set label= to one of them`; a command with the option --label says
    `Set --label to one of them`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]):
        given = [word for word in args if not word.startswith("-")]
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption:
            raise
        except click.UsageError as error:
            data = any("--data" in parameter.opts for parameter in self.params)
            if data and (path := next((w for w in given[1:] if Path(w).exists()), None)):
                error.message = f"{error.message or ''} Write --data {path}".lstrip()
            raise

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except UserError as error:
            error.message = self.in_its_words(error.message)
            error.hint = self.in_its_words(error.hint)
            raise

    def in_its_words(self, text: str) -> str:
        """The text with this command's options in place of `key=value` words."""
        options = {
            name.removeprefix("--")
            for parameter in self.params
            for name in (*parameter.opts, *parameter.secondary_opts)
            if isinstance(parameter, click.Option) and name.startswith("--")
        }

        def option(match: re.Match) -> str:
            key, value = match["key"], match["value"]
            if key not in options:
                key = OPTIONS.get(key, key.replace("_", "-"))
            if value == "false" and f"no-{key}" in options:
                return f"--no-{key}"
            if key not in options:
                return match[0]
            return f"--{key} {value}" if value else f"--{key}"

        # What is quoted is the user's, and a whole command line is in its own words already.
        parts = re.split(r"""("[^"]*"|'[^']*'|\bkerastc (?:train|sweep)\b.*)""", text)
        parts[::2] = [
            re.sub(r"(?<![\w.-])(?P<key>\w+)=(?P<value>[\w.+/:-]*)", option, part)
            for part in parts[::2]
        ]
        return "".join(parts)


class Commands(click.Group):
    """Prints a UserError as a message, and an interruption without a traceback."""

    command_class = Command
    group_class = type

    def main(self, *args, **kwargs):
        show_everything()
        with ending_at_once():
            return super().main(*args, **kwargs)

    def make_context(self, *args, **kwargs) -> click.Context:
        with _shown_as_text():
            return super().make_context(*args, **kwargs)

    def resolve_command(self, ctx: click.Context, args: list[str]):
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise UserError(f"There is no command {args[0]!r}.", self._meant(args))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context):
        try:
            with _shown_as_text():
                return super().invoke(ctx)
        except UserError as error:
            if ctx.parent is not None:
                raise
            _complain(error.message, error.hint)
            ctx.exit(130 if isinstance(error.__context__, KeyboardInterrupt) else error.status)
        except OSError as error:  # a full or read-only disk, no rights; anything else is our bug
            if error.strerror is None or error.errno == errno.EPIPE or ctx.parent is not None:
                raise
            where = f": {error.filename}" if error.filename is not None else ""
            _complain(
                f"{error.strerror}{where}",
                f"No file was left half-written. {self._elsewhere(ctx)}",
            )
            ctx.exit(1)
        except KeyboardInterrupt:
            echo("Stopped.", err=True)
            ctx.exit(130)
        except Exception as error:
            if not out_of_memory(error):
                raise
            _complain(*NO_MEMORY)
            ctx.exit(1)

    def _elsewhere(self, ctx: click.Context) -> str:
        """What to do where a path cannot be written to."""
        command = self.commands.get(ctx.invoked_subcommand or "")
        folders = [
            parameter.opts[0]
            for parameter in (command.params if command else ())
            if parameter.opts[0] in ("--run", "--runs") and isinstance(parameter.type, click.Path)
        ]
        if not folders:
            return "Make room, or give write access; then give the same command again."
        verb = "chooses another folder" if len(folders) == 1 else "choose other folders"
        return f"{' and '.join(folders)} {verb}."

    def _meant(self, args: Sequence[str]) -> str:
        from kerastc import recipe
        from kerastc.compress.steps.parse import STEPS

        recipes = [found.name for found in recipe.all_recipes()]
        if args[0].replace("_", "-") in recipes and "train" in self.commands:
            return f"It is a recipe: kerastc train {shlex.join(args)}"
        if args[0] in STEPS and "compress" in self.commands:
            return f"It is a step of compression: kerastc compress RUN {args[0]}"
        if meant := MEANT.get(args[0]):
            return f"Write: kerastc {meant}"
        return nearest(args[0], self.commands) or f"There are: {', '.join(sorted(self.commands))}."


@contextmanager
def _shown_as_text() -> Iterator[None]:
    """Click's errors quote the command line, control characters included: made printable."""
    try:
        yield
    except click.ClickException as error:
        error.message = printable(error.message or "")
        for name in ("option_name", "ui_filename"):
            if isinstance(value := getattr(error, name, None), str):
                setattr(error, name, printable(value))
        raise


def _complain(message: str, hint: str) -> None:
    echo(f"Error: {message}", fg="red", err=True)
    if hint:
        echo(hint, err=True)

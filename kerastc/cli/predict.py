"""The commands that use a model: predict, evaluate. Nothing heavy is imported at the top."""

import json
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastc.cli.commands import Command
from kerastc.cli.examples import Examples, data_option
from kerastc.cli.options import BACKEND, DELIMITER, ENCODING, HEADER, JSON, RUN, SHEET
from kerastc.cli.parts import part_options, words_of
from kerastc.deploy.signature import EXPORTED
from kerastc.errors import UserError
from kerastc.marked import show_marked
from kerastc.printable import echo
from kerastc.table import show_table

if TYPE_CHECKING:
    from kerastc.predictor import Predictor
    from kerastc.tasks import Task
    from kerastc.text.unseen import Unseen

NAMED = 10  # classes
SHOWN = 60  # characters of a text or name
OPTION = re.compile("--?[A-Za-z][A-Za-z-]*(=.*)?", re.DOTALL)  # what looks like one


class Predicting(Command):
    """A command that takes texts, some of which begin with a dash."""

    def parse_args(self, ctx: click.Context, args: list[str]):
        try:
            return super().parse_args(ctx, self._texts_last(args))
        except click.NoSuchOption as error:
            error.message += f' If it is a text: {ctx.command_path} RUN -- "{error.option_name}"'
            raise

    def _texts_last(self, args: Sequence[str]) -> list[str]:
        """The options, `--`, then all else in its order; `-5 degrees` and `- a` are no options."""
        takes_value = {
            name: isinstance(parameter, click.Option) and not parameter.is_flag
            for parameter in self.params
            for name in (*parameter.opts, *parameter.secondary_opts)
        }
        options, others, words = [], [], iter(args)
        for word in words:
            if word == "--":
                others += words
            elif word.partition("=")[0] in takes_value or OPTION.fullmatch(word):
                options.append(word)
                if takes_value.get(word):
                    options += islice(words, 1)
            else:
                others.append(word)
        return [*options, "--", *others]


@click.command(cls=Predicting)
@click.argument("run", metavar="RUN|FILE", type=click.Path(path_type=Path))
@click.argument("examples", metavar="[TEXT|IMAGE]...", nargs=-1)
@click.option(
    "--file", "path", type=click.Path(path_type=Path), help="A table, or one text per line."
)
@click.option("--text", "columns", metavar="COLUMN[+COLUMN]", default="", help="Column of --file.")
@part_options
@ENCODING
@DELIMITER
@HEADER
@SHEET
@JSON
@BACKEND
def predict(run, examples, path, columns, parts, encoding, as_json, backend, **form) -> None:
    """Ask a finished RUN, or an exported FILE, about texts or image files.

    Without any, each line of standard input is a text or path. Images are resized for the model.
    Answers about parts of a text, such as names, are marked in it, in colours where the terminal
    has them.

    FILE is a .tflite or .onnx next to its signature and tokenizer, or a bundle (.zip). It
    needs no Keras, and answers in less than a second.

    \b
    kerastc predict runs/text/20261121-101500 "a text"
    kerastc predict runs/text/20261121-101500/exports/model.tflite "a text"
    kerastc predict headlines.zip --file new.csv --text title+body
    kerastc predict runs/images/20261121-101500 photo.png another.jpg
    kerastc predict runs/qa/20261121-101500 --question "When did it leave?" --context ship.txt
    """
    model = _opened(run, backend)
    examples = [*examples, *words_of(parts, model.task, run, encoding)]
    reader = model.task.input_part("read").READER(model.settings)
    examples = reader.named(examples, path, columns, run, encoding=encoding, **form)
    if not examples:
        raise UserError(
            f"There is no {model.task.unit} to ask about.",
            f"kerastc predict {shlex.quote(str(run))} {model.task.input.sample}",
        )
    given = reader.seen(examples)
    predictor = model.load()
    unseen = _unseen(predictor, given)
    answers, output = predictor.answers(given), predictor.output
    columns = model.task.columns
    shown = [dict(zip(columns, predictor.input.shown(e), strict=True)) for e in examples]
    if as_json:
        more = [{}] * len(shown) if unseen is None else unseen.of_each()
        rows = zip(shown, output.json_rows(shown, answers), more, strict=True)
        echo(json.dumps([one | said | left for one, said, left in rows], indent=2))
    else:
        echo(_loaded(predictor), err=True)
        marked = output.marked(shown, answers)
        if marked is not None:
            show_marked(marked)
            return
        heads, rows = output.table(shown, answers)
        cells = [[_short(cell) for cell in one.values()] for one in shown]
        table = [(*one, *said) for one, said in zip(cells, rows, strict=True)]
        show_table((*columns, *heads), table, figures=False)


@click.command(cls=Command)
@RUN
@data_option(required=True)
@click.option("--text", "columns", metavar="COLUMN[+COLUMN]", default="", help="Text column.")
@click.option("--label", default="", help="Label column.")
@ENCODING
@DELIMITER
@HEADER
@SHEET
@JSON
@BACKEND
def evaluate(run, data, columns, label, as_json, backend, **form) -> None:
    """Measure a finished RUN, or an exported file, on labelled examples of your own.

    If a source of images has a test part, only that part is used.

    \b
    kerastc evaluate runs/text/20261121-101500 --data labelled.csv --text title+body --label topic
    kerastc evaluate runs/images/20261121-101500 --data folder-of-class-folders
    """
    from kerastc import learned, own_rows
    from kerastc.report.terminal import metrics_table

    model = _opened(run, backend)
    read = Examples(data, columns, label, **form).of(model.task, model.settings)
    predictor = model.load()
    examples = predictor.matching(read)
    unseen = _unseen(predictor, examples.examples)
    answers, own = predictor.answers(examples.examples), own_rows.run_of(run)
    metrics = predictor.output.metrics(examples.labels, answers)
    known = [learned.kept(own)] * len(examples)
    metrics |= predictor.output.against_training(known, examples.examples, examples.labels, answers)
    if as_json:
        told = {} if unseen is None else {"unseen": unseen.as_dict()}
        echo(json.dumps(metrics | told, indent=2))
    else:
        echo(_loaded(predictor), err=True)
        metrics_table(metrics, model.task)
    if told := own_rows.told(own, model.task, data, examples):
        echo(told, err=True)


def _unseen(predictor: "Predictor", examples: Sequence[Any]) -> "Unseen | None":
    """The parts of these that a model cannot see; None where it sees each whole."""
    unseen = predictor.unseen(examples)
    for line in () if unseen is None else unseen.lines():
        echo(line, err=True)
    return unseen


def _short(cell: str) -> str:
    """A text or name as a table shows it."""
    return cell if len(cell) <= SHOWN else cell[: SHOWN - 1] + "…"


@dataclass(frozen=True)
class _Model:
    """A run or an exported file; errors in a user's examples are reported before Keras loads.

    Args:
        task: of the model.
        settings: its preprocessing.json.
        load: returns the predictor.
    """

    task: "Task"
    settings: dict[str, Any]
    load: Callable[[], "Predictor"]


def _opened(path: Path, backend: str | None) -> _Model:
    if path.is_file() or path.suffix in EXPORTED:
        from kerastc.deploy import load

        predictor = load(path)
        settings = predictor.session.signature.preprocessing
        return _Model(predictor.task, settings, lambda: predictor)
    from kerastc.run import Run
    from kerastc.tasks import task_of

    run = Run.open(path)

    def predictor():
        from kerastc.backend import choose_backend

        choose_backend(backend)
        from kerastc.predictor import predictor_of

        return predictor_of(run)

    return _Model(task_of(run), run.read_json("preprocessing.json"), predictor)


def _loaded(predictor: "Predictor") -> str:
    classes = predictor.classes
    names = ", ".join(classes[:NAMED])
    if len(classes) > NAMED:
        names += f" and {len(classes) - NAMED} other {predictor.output.kinds}"
    return f"Loaded {predictor.name} ({predictor.parameters:,} parameters): {names}"

"""The commands that use a model: predict, evaluate. Nothing heavy is imported at the top."""

import json
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastc.cli_examples import Examples, columns_told, data_option
from kerastc.cli_options import BACKEND, DELIMITER, ENCODING, HEADER, JSON, RUN, SHEET
from kerastc.commands import Command
from kerastc.data.reading import Reading
from kerastc.deploy.signature import EXPORTED
from kerastc.errors import UserError
from kerastc.printable import echo
from kerastc.text.given import checked_texts

if TYPE_CHECKING:
    from kerastc.text.unseen import Unseen

NAMED = 10  # classes
OPTION = re.compile("--?[A-Za-z][A-Za-z-]*(=.*)?", re.DOTALL)  # what looks like one


class Predicting(Command):
    """A command that takes texts, of which some begin with a dash."""

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
@click.option("--file", "path", type=click.Path(path_type=Path), help="A table, or a text a line.")
@click.option("--text", "columns", metavar="COLUMN[+COLUMN]", default="", help="Column of --file.")
@ENCODING
@DELIMITER
@HEADER
@SHEET
@JSON
@BACKEND
def predict(run, examples, path, columns, encoding, as_json, backend, **form) -> None:
    """Classify texts or image files with a finished RUN, or an exported FILE.

    Without any, the lines of standard input are taken. Images are resized to what the model takes.

    FILE is a .tflite or .onnx with its signature and tokenizer beside it, or a bundle (.zip). It
    needs no Keras, and answers in less than a second.

    \b
    kerastc predict runs/text/20261121-101500 "a text"
    kerastc predict runs/text/20261121-101500/exports/model.tflite "a text"
    kerastc predict headlines.zip --file new.csv --text title+body
    kerastc predict runs/images/20261121-101500 photo.png another.jpg
    """
    from kerastc.report.answers import prediction_rows, prediction_table

    model = _opened(run, backend)
    if model.kind == "image" and (path is not None or columns):
        raise UserError(
            f"{run} classifies images; --file and --text are for texts.",
            f"Give it image files: kerastc predict {shlex.quote(str(run))} photo.png",
        )
    examples = list(examples)
    if model.kind == "text":
        examples = checked_texts(examples, lambda index: f"Text {index + 1} of the command line")
    if path is not None:
        examples += _read(path, columns, Reading.of(model.settings), encoding=encoding, **form)
    elif not examples:
        examples = _piped(encoding)
    if not examples:
        what = "photo.png" if model.kind == "image" else '"a text"'
        raise UserError(
            f"There is no {model.kind} to classify.",
            f"kerastc predict {shlex.quote(str(run))} {what}",
        )
    given = model.given(examples)
    predictor = model.load()
    unseen = _unseen(predictor, given)
    probabilities, classes = predictor.probabilities(given), predictor.classes
    if as_json:
        rows = prediction_rows(examples, probabilities, classes, model.kind, unseen)
        echo(json.dumps(rows, indent=2))
    else:
        echo(_loaded(predictor), err=True)
        prediction_table(examples, probabilities, classes, model.kind)


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

    Of a source of images that has a test part, that part is taken.

    \b
    kerastc evaluate runs/text/20261121-101500 --data labelled.csv --text title+body --label topic
    kerastc evaluate runs/images/20261121-101500 --data folder-of-class-folders
    """
    from kerastc import own_rows
    from kerastc.outputs.classes.metrics import classification_metrics
    from kerastc.report.terminal import metrics_table
    from kerastc.tasks import task_named

    model = _opened(run, backend)
    read = Examples(data, columns, label, **form).of(model.kind, model.settings)
    predictor = model.load()
    examples = predictor.matching(read)
    given = examples.examples
    unseen = _unseen(predictor, given)
    metrics = classification_metrics(
        examples.labels, predictor.probabilities(given), predictor.classes
    )
    if as_json:
        told = {} if unseen is None else {"unseen": unseen.as_dict()}
        echo(json.dumps(metrics | told, indent=2))
    else:
        echo(_loaded(predictor), err=True)
        metrics_table(metrics, task_named(f"{model.kind}-classification", run))
    if told := own_rows.told(own_rows.run_of(run), model.kind, data, examples):
        echo(told, err=True)


def _unseen(predictor: Any, given: Any) -> "Unseen | None":
    """What a model of texts does not see of these, which is told; images are seen as a whole."""
    if predictor.kind != "text":
        return None
    unseen = predictor.unseen(given)
    for line in unseen.lines():
        echo(line, err=True)
    return unseen


def _read(path: Path, columns: str, run: Reading, **form: Any) -> list[str]:
    """The texts of a file: of the columns that are named, else of those the run was made of."""
    from kerastc.data import column_names
    from kerastc.data.excel_file import known_sheet
    from kerastc.data.table_kinds import is_table
    from kerastc.data.text_file import unlabelled_texts

    named = column_names(columns)
    wanted = replace(run, sheet=known_sheet(path, run.sheet)).given(named, **form)
    if not (named or form["delimiter"] or form["header"] is not None or is_table(path)):
        texts, _ = unlabelled_texts(path, Reading(encoding=wanted.encoding))
        return texts
    with columns_told(run, labelled=False):
        texts, origin = unlabelled_texts(path, wanted, table=True)
    echo(f"Read {len(texts):,} texts from {origin}.", err=True)
    return texts


def _piped(encoding: str) -> list[str]:
    """The lines of standard input; blank ones, but at the end, would shift the answers."""
    from kerastc.data.encodings import known_encoding, settled_encoding

    data = getattr(sys.stdin, "buffer", sys.stdin).read()
    settled = settled_encoding(data, known_encoding(encoding or "utf-8"))
    try:
        text = data.decode(settled)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"Standard input, line {line}, is not {settled.removesuffix('-sig').upper()} "
            f"(byte 0x{data[error.start]:02X}).",
            "Set encoding= to the one that it is in.",
        ) from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")
    if lines == [""]:
        return []
    return checked_texts(lines, lambda index: f"Line {index + 1} of standard input")


@dataclass(frozen=True)
class _Model:
    """A run or an exported file; what is wrong with a user's examples is told before Keras loads.

    Args:
        kind: one of `kerastc.kinds.KINDS`.
        settings: its preprocessing.json.
        load: gives what classifies with it.
    """

    kind: str
    settings: dict[str, Any]
    load: Callable[[], Any]

    def given(self, examples: Sequence[str]) -> Any:
        """Texts as they are; of images, the pixels of these files."""
        if self.kind == "text":
            return examples
        from kerastc.data.images import blank_images
        from kerastc.images.preprocessing import ImagePreprocessing

        pixels = ImagePreprocessing.read(self.settings).pixels(examples)
        for what, count in blank_images(pixels).items():
            echo(f"{what}: {count:,}", err=True)
        return pixels


def _opened(path: Path, backend: str | None) -> _Model:
    if path.is_file() or path.suffix in EXPORTED:
        from kerastc.deploy import load

        classifier = load(path)
        return _Model(classifier.kind, classifier.signature.preprocessing, lambda: classifier)
    from kerastc.kinds import kind_of
    from kerastc.run import Run

    run = Run.open(path)

    def predictor():
        from kerastc.backend import choose_backend

        choose_backend(backend)
        from kerastc.predictor import predictor_of

        return predictor_of(run)

    return _Model(kind_of(run), run.read_json("preprocessing.json"), predictor)


def _loaded(predictor) -> str:
    classes = predictor.classes
    names = ", ".join(classes[:NAMED])
    if len(classes) > NAMED:
        names += f" and {len(classes) - NAMED} other classes"
    return f"Loaded {predictor.name} ({predictor.parameters:,} parameters): {names}"

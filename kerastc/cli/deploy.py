"""The commands for devices: export, benchmark. Nothing heavy is imported at the top."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kerastc.cli.commands import Command
from kerastc.cli.examples import Examples, data_option
from kerastc.cli.options import DELIMITER, ENCODING, HEADER, JSON, SHEET
from kerastc.errors import UserError
from kerastc.printable import echo

if TYPE_CHECKING:
    from kerastc.deploy.signature import Signature


def _dimension(context: click.Context, parameter: click.Parameter, word: str | None) -> int | None:
    """A whole number, or 0 for `any`."""
    if word is None or word == "any":
        return None if word is None else 0
    try:
        return int(word)
    except ValueError:
        raise click.BadParameter(f"{word!r} is neither a whole number nor 'any'.") from None


def _lengths(
    context: click.Context, parameter: click.Parameter, words: str | None
) -> int | tuple[int, ...] | None:
    """A dimension, or several."""
    if words is None or "," not in words:
        return _dimension(context, parameter, words)
    return _counts(context, parameter, words)


@click.command(cls=Command)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "formats",
    metavar="litert|onnx|saved_model|huggingface|keras-hub",
    multiple=True,
    default=("litert",),
    show_default=True,
    help="What to write; may be given several times.",
)
@click.option(
    "--batch",
    metavar="N|any",
    callback=_dimension,
    help="Texts or images per call; by default 1 in LiteRT and any elsewhere.",
)
@click.option(
    "--length",
    metavar="N[,N]|any",
    callback=_lengths,
    help="Tokens per text; default any in ONNX, else as in training. LiteRT takes several: 8,26.",
)
@click.option(
    "--quantization",
    metavar="float32|float16|int8|int8-static|int4-tables|int4",
    help="For LiteRT files; by default float32.",
)
@click.option(
    "--exclude",
    metavar="REGEX",
    multiple=True,
    help="LiteRT operators that stay in float32, by their names; may be given several times.",
)
@click.option(
    "--names",
    metavar="keras|hugging-face",
    default="keras",
    help="Names of ONNX inputs: token_ids, padding_mask | input_ids, attention_mask.",
)
@click.option("--bundle", is_flag=True, help="Also write one .zip for a device.")
@JSON
def export(run, formats, batch, length, quantization, exclude, names, bundle, as_json) -> None:
    """Write a finished RUN as files that other programs run, and check that they agree with it.

    They go to RUN/exports/: model.tflite, model-int8.tflite, model.onnx, saved_model/, huggingface/
    or keras-hub/, each with a signature, NAME.json, that describes inputs, shapes, classes,
    tokenizer and preprocessing. A file replaces an earlier one of the same name only once it gives
    the same answers as the Keras model on up to 256 validation rows, a folder of weights once it
    gives the same states; how close they are is printed and recorded.

    A LiteRT file for several lengths answers short texts sooner: each text runs at the shortest
    length that holds it, and the weights are stored once.

    \b
    litert       phones, Raspberry Pi, browsers: `kerastc benchmark` and `kerastc predict` run it
    onnx         ONNX Runtime
    saved_model  TensorFlow Serving; takes images, and texts if the tokenizer can be built in
    huggingface  transformers: AutoTokenizer, and the Auto class of the task; backbone=FOLDER, too
    keras-hub    keras_hub.models.Backbone.from_preset: the encoder alone

    The last two are for runs on texts, language models among them.

    \b
    float16      half the size, the same speed
    int8         a quarter of the size, three to four times as fast
    int8-static  as int8, with activations in fixed ranges; a little faster, less exact
    int4-tables  as int8, with four-bit embeddings: smaller, hardly less exact
    int4         an eighth of the size, as fast as int8, less exact; convolutions are slow in it

    \b
    kerastc export runs/headlines/20261121-101500
    kerastc export runs/headlines/20261121-101500 --quantization int4 --bundle
    kerastc export runs/headlines/20261121-101500 --quantization int4 --exclude '^classifier'
    kerastc export runs/headlines/20261121-101500 --length 8,12,16,26
    kerastc export runs/headlines/20261121-101500 --format onnx --format saved_model --length any
    kerastc export runs/language-model/20261121-101500 --format huggingface --format keras-hub
    """
    from kerastc.deploy import export as export_run
    from kerastc.deploy.convert.request import FOLDERS, checked
    from kerastc.deploy.run.sessions import FORMATS
    from kerastc.run import Run

    opened = Run.open(run)
    formats = dict.fromkeys(formats)
    options = {"batch": batch, "length": length, "quantization": quantization, "exclude": exclude}
    options["names"] = names
    for name in formats:  # all are checked before any work
        checked(opened, name, **options)
    if bundle and not set(FORMATS) & set(formats):
        raise UserError(
            f"--bundle is for devices, which run no {' or '.join(formats)}.",
            f"Add --format {' or '.join(FORMATS)}.",
        )
    written = []
    for name in formats:
        echo(f"Writing {name} ..." if name in FOLDERS else f"Converting to {name} ...", err=True)
        written.append(export_run(opened, name, **options))
    packed = [s for s in written if s.format in FORMATS] if bundle else []
    bundles = [_bundled(signature) for signature in packed]
    if left := [s.format for s in written if bundle and s not in packed]:
        echo(f"{', '.join(left)} is in no bundle: no device runs it.", err=True)
    if as_json:
        records = [{"path": str(s.path), **s.as_dict()} for s in written]
        echo(json.dumps(records, indent=2))
        return
    from kerastc.deploy.convert.terminal import export_table

    export_table(written)
    for path in bundles:
        echo(f"Bundle: {path}")
    if any(signature.format in FORMATS for signature in written):
        echo(f"Measure: kerastc benchmark {run}")


def _bundled(signature: "Signature") -> Path:
    """Writes RUN/exports/litert.zip, litert-int8.zip or onnx.zip."""
    from kerastc.deploy.bundle import write

    name = signature.path.stem.replace("model", signature.format, 1)
    return write(signature.path, signature.folder / f"{name}.zip")


def _counts(context: click.Context, parameter: click.Parameter, words: str) -> tuple[int, ...]:
    """The whole numbers in `1,2`."""
    try:
        counts = tuple(int(word) for word in words.split(","))
    except ValueError:
        counts = ()
    if not counts or min(counts) < 1:
        raise click.BadParameter(f"{words!r} is no list of whole numbers above 0, such as 1,2.")
    return counts


@click.command(cls=Command)
@click.argument(
    "paths", metavar="RUN|FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@data_option()
@click.option("--text", "columns", metavar="COLUMN[+COLUMN]", default="", help="Of --data.")
@click.option("--label", metavar="COLUMN", default="", help="Of --data.")
@ENCODING
@DELIMITER
@HEADER
@SHEET
@click.option(
    "--threads", metavar="N[,N]", default="1", callback=_counts, show_default=True, help="A call's."
)
@click.option("--runs", type=click.IntRange(1), default=100, show_default=True, help="Calls timed.")
@click.option(
    "--batch",
    type=click.IntRange(1),
    help="Texts or images per call, where the file takes any number.",
)
@click.option(
    "--rows", type=click.IntRange(1), help="Number of examples to answer; by default all."
)
@click.option(
    "--protocol",
    type=click.Choice(["source"]),
    help="As published: 100 texts of 128 tokens, one at a time, five times.",
)
@click.option("--keras", is_flag=True, help="Also the Keras model of each RUN.")
@JSON
def benchmark(
    paths, data, columns, label, threads, runs, batch, rows, protocol, keras, as_json, **form
) -> None:
    """Measure exported models on real examples: start, latency, memory, size, accuracy.

    RUN means every model in its exports/, FILE one model or a bundle. The examples are the run's
    test rows, the bundle's samples, or --data. Each model has its own process, and they take turns,
    so that whatever disturbs the machine disturbs all alike. The results for a run go into its
    benchmark.json, which `kerastc compare` reads.

    Latency is that of the call: token ids or pixels in, logits out. Only Python, NumPy, click, the
    tokenizer's library and the interpreter are needed, so that a bundle can be measured on its
    target device.

    \b
    kerastc benchmark runs/headlines/20261121-101500 --threads 1,2
    kerastc benchmark small.tflite large.tflite --data labelled.csv --rows 2000
    kerastc benchmark headlines.zip --json
    kerastc benchmark runs/ner/20261121-101500 --protocol source --keras --threads 1,2
    kerastc benchmark runs/images/20261121-101500 --data cifar100.npz
    """
    from kerastc.deploy import benchmark as measure
    from kerastc.deploy.measure.benchmark import SOURCE, Protocol
    from kerastc.deploy.measure.terminal import benchmark_tables
    from kerastc.tasks import task_named

    examples = None if data is None else Examples(data, columns, label, **form)
    chosen = SOURCE if protocol else Protocol.of_runs(runs, batch)

    def fitting(signature):
        return examples.of(task_named(signature.task, signature.path), signature.preprocessing)

    given = examples and fitting
    entries = measure(paths, given, threads, chosen, rows, keras=keras)
    if as_json:
        echo(json.dumps(entries, indent=2))
    else:
        benchmark_tables(entries)

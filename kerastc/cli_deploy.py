"""The commands for devices: export, benchmark. Nothing heavy is imported at the top."""

import json
from pathlib import Path

import click

FORMATS = click.option(
    "--format",
    "formats",
    metavar="saved_model|litert|onnx",
    multiple=True,
    default=("litert",),
    show_default=True,
    help="What to write; may be given more than once.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@FORMATS
@click.option("--batch", default="1", show_default=True, help="Texts a call, or any.")
@click.option("--length", help="Tokens a text, or any; by default what the run was trained with.")
@click.option(
    "--quantization",
    metavar="float32|float16|int8|int8-static|int4",
    default="float32",
    show_default=True,
    help="Of LiteRT files: how the weights are stored.",
)
@JSON
def export(run, formats, batch, length, quantization, as_json) -> None:
    """Write a finished RUN as files that other programs run, and check that they agree with it."""
    from kerastc.deploy import export as export_run
    from kerastc.run import Run

    opened = Run.open(run)
    written = [
        export_run(opened, name, batch=batch, length=length, quantization=quantization)
        for name in formats
    ]
    if as_json:
        click.echo(json.dumps([signature.as_dict() for signature in written], indent=2))


def _counts(context: click.Context, parameter: click.Parameter, words: str) -> tuple[int, ...]:
    """The whole numbers in `1,2`."""
    try:
        counts = tuple(int(word) for word in words.split(","))
    except ValueError:
        counts = ()
    if not counts or min(counts) < 1:
        raise click.BadParameter(f"{words!r} is no list of whole numbers above 0, such as 1,2.")
    return counts


@click.command()
@click.argument(
    "paths", metavar="RUN|FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--data", type=click.Path(path_type=Path), help="A labelled file of your own.")
@click.option("--text", "columns", metavar="COLUMN[+COLUMN]", default="", help="Of --data.")
@click.option("--label", metavar="COLUMN", default="", help="Of --data.")
@click.option("--encoding", default="utf-8", show_default=True, help="Of --data.")
@click.option(
    "--threads", metavar="N[,N]", default="1", callback=_counts, show_default=True, help="A call's."
)
@click.option("--runs", type=click.IntRange(1), default=100, show_default=True, help="Calls timed.")
@click.option("--batch", type=click.IntRange(1), help="Texts a call, where the file takes any.")
@click.option("--rows", type=click.IntRange(1), help="Texts for accuracy; by default all.")
@click.option(
    "--protocol",
    type=click.Choice(["source"]),
    help="As published: 100 texts of 128 tokens, one at a time, five times.",
)
@JSON
def benchmark(
    paths, data, columns, label, encoding, threads, runs, batch, rows, protocol, as_json
) -> None:
    """Measure exported models on real texts: start, latency, memory, size, accuracy.

    RUN stands for every model in its exports/, FILE for one of them or a bundle. The texts are the
    run's test rows, the bundle's samples, or --data. Each model has a process of its own, and they
    take turns, so that what disturbs the machine disturbs all alike. What is found about a run's
    models goes into its benchmark.json, which `kerastc compare` reads.

    Latency is that of the call: token ids in, logits out. Nothing but Python, NumPy, click, the
    tokenizer's library and the interpreter is needed, so that a bundle can be measured on the
    device that it is meant for.

    \b
    kerastc benchmark runs/headlines/20261121-101500 --threads 1,2
    kerastc benchmark small.tflite large.tflite --data labelled.csv --rows 2000
    kerastc benchmark headlines.zip --json
    """
    from kerastc.deploy import benchmark as measure
    from kerastc.deploy.benchmark import SOURCE, Protocol
    from kerastc.deploy.benchmark_terminal import benchmark_tables

    texts = None
    if data is not None:
        from kerastc.data import column_names, read_texts

        texts = read_texts(data, column_names(columns), label, encoding=encoding, one_class=True)
    chosen = SOURCE if protocol else Protocol.of_runs(runs, batch)
    entries = measure(paths, texts, threads, chosen, rows)
    if as_json:
        click.echo(json.dumps(entries, indent=2))
    else:
        benchmark_tables(entries)

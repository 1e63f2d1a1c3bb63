"""Our files against what a user would take instead: the same weights, texts and machine, one run.

Every contender has a process of its own, one thread and one text a call. Each is measured in all
ways that its runtime allows, and its fastest counts.
"""

import json
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks import deployed_table
from benchmarks.contenders import Contender, copied, exported, ours, peers
from benchmarks.packages import need, versions
from kerastc.deploy import export
from kerastc.deploy.measure.benchmark import Protocol, outputs_of, take_turns, worth
from kerastc.deploy.measure.latencies import latencies
from kerastc.deploy.measure.machine import machine
from kerastc.deploy.measure.process import Process
from kerastc.deploy.measure.targets import Rows
from kerastc.errors import UserError
from kerastc.outputs.classes.predictions import read_predictions
from kerastc.outputs.classes.scores import Classes
from kerastc.run import Run
from kerastc.scores.softmax import softmax

LARGEST_DIFFERENCE = 1e-3  # of a logit, between Keras and a peer with the same float32 weights
NEEDED = ("torch", "transformers", "onnx", "onnxruntime", "tf2onnx")
VERSIONS = ("kerastc", "keras", "tensorflow", "ai-edge-litert", *NEEDED, "numpy")


def compare(
    run: Run, children: Sequence[Run], rows: int | None, protocol: Protocol, folder: Path
) -> dict[str, Any]:
    """Measures a run and its children in LiteRT, and the run in the peers.

    Args:
        run: a plain BERT with mean pooling, trained; it is left as it is.
        children: compressed runs of it with an exported LiteRT file of fixed length.
        rows: test texts for accuracy, evenly spread; all where None.
        protocol: how each is timed.
        folder: takes the models, some 700 MB for MiniLM; they go when all went well.

    Returns:
        the result, as `benchmarks.deployed_table` shows and writes it.

    Raises:
        UserError: where a peer is not the same model as Keras's, or a run is unfit.
    """
    classes = run.path("labels.txt").read_text("utf-8").splitlines()
    files = [exported(child, classes) for child in children]
    models = folder / "models"
    weights = models / "weights"
    copy = copied(run, models / "run")
    texts, expected = _truth(copy, rows, weights)
    timed = texts.spread(protocol.calls).examples.tolist()
    told = export(copy, "litert")
    found = [*ours("float32", told, run, True, models / "several", timed)]
    for i, (child, file) in enumerate(zip(children, files, strict=True)):
        found += ours(_name(child, run), file, child, False, models / f"several-{i}", timed)
    found += peers(copy, weights, told, timed)
    with ExitStack() as stack:
        processes = [stack.enter_context(Process(c.name, c.load, c.module)) for c in found]
        entries = []
        for contender, process in zip(found, processes, strict=True):
            entries.append(judged(contender, process, texts, expected))
        _time(entries, processes, protocol)
    shutil.rmtree(models)
    return {
        "measured": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": machine() | versions(VERSIONS),
        "run": str(run.folder),
        "rows": len(texts.examples),
        "runs": protocol.rounds * protocol.calls,
        "keras_accuracy": float((texts.expected.argmax(axis=1) == texts.truth).mean()),
        "entries": entries,
    }


def _name(child: Run, run: Run) -> str:
    """A child as its run knows it."""
    place = run.path("compressed")
    inside = child.folder.is_relative_to(place)
    return str(child.folder.relative_to(place) if inside else child.folder)


def _truth(run: Run, most: int | None, weights: Path) -> tuple[Rows, np.ndarray]:
    """Test texts, what Keras says of them, (rows, classes); and its weights, written down."""
    from benchmarks import bert_weights
    from kerastc.predictor import predictor_of

    predictor = predictor_of(run)
    bert_weights.write(predictor.session.model, weights)
    predictions = read_predictions(run.path("predictions", "test.csv"))
    rows = Rows(predictions.examples, predictions.labels).spread(most)
    logits = predictor.outputs(predictor.rows(rows.examples))["logits"]
    return replace(rows, expected=softmax(logits)), logits


def judged(
    contender: Contender, process: Process, texts: Rows, expected: np.ndarray
) -> dict[str, Any]:
    """An entry with what a contender is worth; it is warm then.

    Raises:
        UserError: where its logits should be those of Keras and are not.
    """
    output = Classes([str(i) for i in range(expected.shape[1])])
    outputs = outputs_of(process, output, texts.examples, f"Checking {contender.name}")
    logits = outputs["logits"]
    difference = float(np.abs(logits - expected).max())
    if contender.exact and not difference <= LARGEST_DIFFERENCE:
        raise UserError(
            f"{contender.name} is another model than the run's: a logit differs from Keras's by "
            f"{difference:.2g}; {LARGEST_DIFFERENCE:g} is allowed.",
            "Nothing was timed. It is a bug of benchmarks/.",
        )
    return {
        "runtime": contender.runtime,
        "model": contender.model,
        "how": contender.how,
        "peer": contender.peer,
        "bytes": contender.bytes or process.loaded["bytes"],
        "largest_difference": difference,
        **worth(texts, output.answers(outputs), output),
    }


def _time(entries: list[dict[str, Any]], processes: Sequence[Process], protocol: Protocol) -> None:
    """Adds the latencies to the entries."""
    for entry, found in zip(entries, take_turns(processes, protocol), strict=True):
        entry |= latencies(found)
        entry["throughput"] = 1000 / entry["latency_ms"]["mean"]


FOLDER = click.Path(path_type=Path, exists=True, file_okay=False, resolve_path=True)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run", type=FOLDER)
@click.argument("children", nargs=-1, type=FOLDER)
@click.option(
    "--rows",
    type=click.IntRange(0),
    default=2000,
    show_default=True,
    help="Test texts for accuracy; 0: all.",
)
@click.option(
    "--runs",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Calls of each, in five rounds.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs", "bench"),
    show_default=True,
    help="The result goes to a new folder in it.",
)
def main(run: Path, children: tuple[Path, ...], rows: int, runs: int, out: Path) -> None:
    """Compare RUN and its compressed CHILDREN in LiteRT with RUN in ONNX Runtime and PyTorch.

    One thread, one text a call. CHILDREN need an exports/model.tflite; RUN is not changed.
    """
    from kerastc.backend import choose_backend

    try:
        need(NEEDED)
        choose_backend("tensorflow")
        folder = (out / time.strftime("%Y%m%d-%H%M%S")).resolve()
        own = [Run.open(child) for child in children]
        result = compare(Run.open(run), own, rows or None, Protocol.of_runs(runs), folder)
    except UserError as error:
        raise click.ClickException(str(error)) from None
    deployed_table.judge(result)
    deployed_table.show(result)
    path = folder / "results.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    click.echo(f"Written: {path}")
    sys.exit(result["verdict"] == "missed")

"""What two processes of a thread gain on two cores, against one of two threads.

    python -m benchmarks.processes --cores 2 --width 256 --layers 4 --rounds 3

`kerastc train language-model` of an untrained encoder on a made-up corpus, packed, on JAX: windows
a second of training, the median of all evaluations but the first, in which XLA compiles. One
process on one core, one on all of them, and a process a core, in turns. Efficiency is the last of
these divided by the second: both have the same cores.
"""

import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import click
import numpy as np

from benchmarks.distillation import SPECIAL, words
from kerastc.data.corpus import ShardWriter
from kerastc.errors import UserError
from kerastc.table import show_table
from kerastc.text.vocabularies import WordPiece

EVALUATIONS, BATCHES = 3, 10  # and batches of each
LENGTH = 64


@click.command()
@click.option("--cores", default=2, show_default=True, help="Cores, and processes on them.")
@click.option("--width", default=256, show_default=True)
@click.option("--layers", default=4, show_default=True)
@click.option("--tokens", default=8000, show_default=True, help="Of the vocabulary.")
@click.option("--batch-size", default=32, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs", "bench", "processes"))
def main(cores: int, width: int, layers: int, tokens: int, batch_size: int, rounds: int, out: Path):
    """Measure the trainings that processes share."""
    own = sorted(os.sched_getaffinity(0))[:cores]
    if len(own) < cores:
        raise UserError(f"There are {len(own)} cores, not {cores}.")
    if out.exists():
        raise UserError(f"{out} is there already.", "Name a new folder: --out FOLDER")
    encoder = _encoder(out / "encoder", width, layers, tokens)
    corpus = _corpus(out / "corpus", tokens, batch_size)
    settings = [f"corpus={corpus}", f"backbone={encoder}", "weights=random", f"max_tokens={LENGTH}"]
    settings += [f"batch_size={batch_size}", f"evaluate_every={BATCHES}", "epochs=1"]
    settings += ["early_stopping.patience=0", f"validation_rows={4 * batch_size}"]
    ways = {
        "one process, one core": (own[:1], []),
        f"one process, {cores} cores": (own, []),
        f"{cores} processes, a core each": (own, ["--processes", str(cores)]),
    }
    found: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(rounds):
        for number, (way, (given, options)) in enumerate(ways.items()):
            run = out / "runs" / f"{turn}-{number}"
            found[way].append(_speed([*settings, *options], run, given, out / "log.txt"))
            click.echo(f"{way}: {found[way][-1]:.1f} windows a second", err=True)
    speeds = {way: statistics.median(of) for way, of in found.items()}
    one, many, several = speeds.values()
    rows = [(way, f"{speed:.1f}", f"{speed / one:.2f}") for way, speed in speeds.items()]
    title = f"{layers} layers of width {width}, {tokens:,} tokens, batches of {batch_size}"
    show_table(("way", "windows a second", "against one core"), rows, title)
    click.echo(f"efficiency {several / many:.2f}")
    (out / "results.json").write_text(json.dumps(found, indent=2))


def _encoder(folder: Path, width: int, layers: int, tokens: int) -> Path:
    """A folder with a config.json and a tokenizer."""
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(words(tokens)) + "\n")
    config = {
        "model_type": "bert",
        "vocab_size": tokens,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": width // 32,
        "intermediate_size": 4 * width,
        "max_position_embeddings": LENGTH,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def _corpus(folder: Path, tokens: int, batch_size: int) -> Path:
    """Rows of random tokens, which fill the windows of one epoch."""
    random = np.random.default_rng(0)
    windows = batch_size * (EVALUATIONS * BATCHES + 8)
    with ShardWriter(folder, WordPiece(words(tokens), True, True).tokenizer()) as writer:
        for _ in range(windows):
            writer.add(random.integers(len(SPECIAL), tokens, LENGTH - 1).astype(np.uint16))
    return folder


def _speed(settings: list[str], run: Path, cores: list[int], log: Path) -> float:
    """Windows a second of a training on some cores."""
    command = [sys.executable, "-m", "kerastc", "train", "language-model", *settings]
    with log.open("ab") as file:
        done = subprocess.run(
            [*command, "--backend", "jax", "--run", str(run)],
            stdout=file,
            stderr=file,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
    if done.returncode:
        raise UserError(f"A training ended with status {done.returncode}: see {log}")
    with (run / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[1 : EVALUATIONS + 1]
    shutil.rmtree(run)
    return statistics.median(float(row["examples_per_second"]) for row in rows)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))

"""Two epochs of fine-tuning a whole encoder on 5,000 headlines: examples a second."""

import json
from pathlib import Path

import numpy as np

from benchmarks import contest
from benchmarks.table import Row
from kerastc.data import read_texts
from kerastc.errors import UserError
from kerastc.run import Run

TARGET = 1.5
TRAINING_SHARE = 0.7  # of the recipe's splits


def compare(data: Path, seed: int, quick: bool, folder: Path) -> list[Row]:
    """Trains the recipe `text` and the peer on the same headlines, the peer in two ways.

    Args:
        data: a labelled file of headlines.
        seed: of sample, splits, weights and order.
        quick: 320 headlines to train on.
        folder: takes the sample and the runs.
    """
    sample = folder / "headlines.jsonl"
    draw(data, round((320 if quick else 5000) / TRAINING_SHARE), seed, sample)
    words = ["text", f"data={sample}", "trainable=all", "epochs=2", "learning_rate=5e-5"]
    ours = contest.kerastc(words, seed, folder / "kerastc")
    run = Run.open(folder / "kerastc" / "run")
    splits = contest.splits_of(read_texts(sample), run)
    rows = []
    for name, grouped in (("Trainer", False), ("Trainer, group_by_length", True)):
        peer = contest.trainer(splits, run, folder / f"trainer-{grouped:d}", grouped)
        case = f"fine-tuning against {name}, seed {seed}"
        speeds = (ours.examples_per_second, peer.examples_per_second)
        evaluated = (ours.evaluated_per_second, peer.evaluated_per_second)
        memory = (ours.cost.peak_memory_bytes / 2**20, peer.cost.peak_memory_bytes / 2**20)
        rows += [
            Row(case, "examples/s of training", *speeds, "more", None if grouped else TARGET),
            Row(case, "examples/s of evaluation", *evaluated, "more"),
            Row(case, "whole process, s", ours.cost.seconds, peer.cost.seconds, "less"),
            Row(case, "validation accuracy", ours.figure, peer.figure, "more"),
            Row(case, "peak memory, MiB", *memory, "less"),
        ]
    return rows


def draw(data: Path, rows: int, seed: int, sample: Path) -> None:
    """Writes distinct headlines, the same for the same seed, as JSON Lines.

    Raises:
        UserError: the file holds fewer.
    """
    texts = read_texts(data)
    _, first = np.unique(texts.examples.astype(str), return_index=True)
    if len(first) < rows:
        raise UserError(f"{data} holds {len(first):,} distinct texts; {rows:,} are needed.")
    chosen = np.random.default_rng(seed).choice(np.sort(first), rows, replace=False)
    sample.parent.mkdir(parents=True, exist_ok=True)
    with sample.open("w", encoding="utf-8") as file:
        for row in chosen:
            label = texts.classes[texts.labels[row]]
            file.write(json.dumps({"text": texts.examples[row], "label": label}) + "\n")

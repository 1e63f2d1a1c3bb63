"""A frozen encoder, 15 epochs, 1,134 arXiv texts: the whole command, from start to report."""

import tempfile
from pathlib import Path

from benchmarks import contest
from benchmarks.table import Row
from kerastc.data import load_arxiv
from kerastc.run import Run

TARGET = 12.0


def compare(data: Path, seed: int, quick: bool, folder: Path) -> list[Row]:
    """Trains the recipe `arxiv` and the peer, in two ways, on the same texts.

    Args:
        data: a file of arXiv abstracts.
        seed: of draw, splits, weights and order.
        quick: 2 epochs on a tenth of the training part.
        folder: takes the runs.
    """
    size = ["epochs=2", "train_fraction=0.1"] if quick else ["epochs=15"]
    words = ["arxiv", f"data={data}", "problem=similar", "early_stopping.patience=0", *size]
    ours = contest.kerastc(words, seed, folder / "kerastc")
    run = Run.open(folder / "kerastc" / "run")
    config = run.config["config"]
    with tempfile.TemporaryDirectory() as cache:
        texts = load_arxiv(
            config["data"],
            config["problem"],
            Path(cache),
            max_characters=config["max_characters"] or None,
            seed=seed,
        )
    splits = contest.splits_of(texts, run)
    rows = []
    for name, quiet in (("Trainer", False), ("Trainer, encoder without dropout", True)):
        peer = contest.trainer(splits, run, folder / f"trainer-{quiet:d}", quiet_encoder=quiet)
        case = f"frozen encoder, {ours.epochs} epochs, against {name}, seed {seed}"
        target = None if quiet else TARGET
        memory = (ours.cost.peak_memory_bytes / 2**20, peer.cost.peak_memory_bytes / 2**20)
        rows += [
            Row(case, "whole process, s", ours.cost.seconds, peer.cost.seconds, "less", target),
            Row(case, "validation accuracy", ours.figure, peer.figure, "more", 1.0),
            Row(case, "CPU time, s", ours.cost.cpu_seconds, peer.cost.cpu_seconds, "less"),
            Row(case, "peak memory, MiB", *memory, "less"),
        ]
    return rows

"""Fine-tuning a whole encoder on pairs of texts: examples a second, and what it learns."""

from pathlib import Path

from benchmarks import contest
from benchmarks.table import Row

TARGET = 1.3
LIKE_THE_PEER = ["learning_rate=5e-5", "pooling=mean", "head_rate=1"]


def compare(
    data: Path, seed: int, quick: bool, folder: Path, backbone: str = "minilm"
) -> list[Row]:
    """Trains the recipe `pairs` and the peer on the same pairs.

    Args:
        data: a labelled table of pairs, in a layout that `read_pairs` guesses.
        seed: of splits, weights and order.
        quick: one epoch on a tenth of the training part.
        folder: takes the runs.
        backbone: minilm, or a folder with a BERT in Hugging Face's layout.
    """
    size = ["epochs=1", "train_fraction=0.1"] if quick else ["epochs=3"]
    words = ["pairs", f"data={data}", f"backbone={backbone}", *LIKE_THE_PEER, *size]
    ours, peer = contest.both(words, seed, folder, "accuracy")
    case = f"{data.stem} with {Path(backbone).name} against Trainer, seed {seed}"
    return figures(case, ours, peer, "validation accuracy", TARGET)


def figures(
    case: str, ours: contest.Outcome, peer: contest.Outcome, judged: str, target: float
) -> list[Row]:
    """What two trainings cost and learned.

    Args:
        case: what was run against what.
        ours, peer: as measured.
        judged: what `Outcome.figure` is.
        target: the least ratio of the examples a second.
    """
    memory = (ours.cost.peak_memory_bytes / 2**20, peer.cost.peak_memory_bytes / 2**20)
    speeds = (ours.examples_per_second, peer.examples_per_second)
    evaluated = (ours.evaluated_per_second, peer.evaluated_per_second)
    return [
        Row(case, "examples/s of training", *speeds, "more", target),
        Row(case, "examples/s of evaluation", *evaluated, "more"),
        Row(case, "whole process, s", ours.cost.seconds, peer.cost.seconds, "less"),
        Row(case, judged, ours.figure, peer.figure, "more"),
        Row(case, "peak memory, MiB", *memory, "less"),
    ]

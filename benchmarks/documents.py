"""Fine-tuning a whole encoder on documents: examples a second, and what it learns.

Ours reads a document in windows of 128 tokens; the peer, as its documentation shows it, reads the
first 512 tokens at once, which is as far as BERT's positions go. Both are given 512 tokens.
"""

from pathlib import Path

from benchmarks import contest
from benchmarks.pairs import figures
from benchmarks.table import Row

TARGET = 1.0
TOKENS = "max_tokens=512"


def compare(
    data: Path, seed: int, quick: bool, folder: Path, backbone: str = "minilm"
) -> list[Row]:
    """Trains the recipe `documents` and the peer on the same documents.

    Args:
        data: a labelled table of documents; its columns are guessed.
        seed: of splits, weights and order.
        quick: one epoch on a tenth of the training part.
        folder: takes the runs.
        backbone: minilm, or a folder with a BERT in Hugging Face's layout.
    """
    size = ["epochs=1", "train_fraction=0.1"] if quick else ["epochs=3"]
    rates = ["learning_rate=1e-4", "warmup_fraction=0.1"]
    words = ["documents", f"data={data}", f"backbone={backbone}", "trainable=all", TOKENS]
    ours, peer = contest.both([*words, *rates, *size], seed, folder, "accuracy")
    case = f"{data.stem} with {Path(backbone).name} against Trainer, seed {seed}"
    return figures(case, ours, peer, "validation accuracy", TARGET)

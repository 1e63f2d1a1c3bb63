"""Fine-tuning a whole encoder to tag words: examples a second, and F1 of entities."""

from pathlib import Path

from benchmarks import contest
from benchmarks.pairs import figures
from benchmarks.table import Row

TARGET = 1.5


def compare(
    data: Path, seed: int, quick: bool, folder: Path, backbone: str, validation: Path | None = None
) -> list[Row]:
    """Trains the recipe `ner` and the peer on the same sentences.

    Args:
        data: tagged sentences, in columns.
        seed: of splits, weights and order.
        quick: one epoch on a tenth of the training part.
        folder: takes the runs.
        backbone: minilm, or a folder with a BERT in Hugging Face's layout.
        validation: sentences to judge on; by default a share of `data`.
    """
    words = ["ner", f"data={data}", f"backbone={backbone}"]
    words += [f"validation={validation}", "test_fraction=0"] if validation else []
    words += ["epochs=1", "train_fraction=0.1"] if quick else []
    ours, peer = contest.both(words, seed, folder, "f1", peer="tags_peer")
    case = f"{data.stem} with {Path(backbone).name} against Trainer, seed {seed}"
    return figures(case, ours, peer, "validation F1", TARGET)

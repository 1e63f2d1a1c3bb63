"""Fine-tuning a whole encoder to find answers: windows a second, and F1 of answers."""

from pathlib import Path

from benchmarks import contest
from benchmarks.pairs import figures
from benchmarks.table import Row

TARGET = 1.5


def compare(
    data: Path,
    seed: int,
    quick: bool,
    folder: Path,
    backbone: str,
    validation: Path | None = None,
    language: str = "en",
    train_fraction: float = 1.0,
) -> list[Row]:
    """Trains the recipe `qa` and the peer on the same questions.

    Args:
        data: questions in SQuAD's form.
        seed: of splits, weights and order.
        quick: one epoch on a fiftieth of the training part.
        folder: takes the runs.
        backbone: minilm, or a folder with a BERT in Hugging Face's layout.
        validation: questions to judge on; by default a share of `data`.
        language: in whose way answers are compared.
        train_fraction: of the training part.
    """
    words = ["qa", f"data={data}", f"backbone={backbone}", f"language={language}"]
    words += [f"validation={validation}", "test_fraction=0"] if validation else []
    words += ["epochs=1"] if quick else ["epochs=2"]
    words += [f"train_fraction={0.02 if quick else train_fraction}"]
    ours, peer = contest.both(words, seed, folder, "f1", peer="questions_peer")
    case = f"{data.stem} with {Path(backbone).name} against Trainer, seed {seed}"
    return figures(case, ours, peer, "validation F1", TARGET)

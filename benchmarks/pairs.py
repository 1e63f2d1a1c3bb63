"""Fine-tuning a whole encoder on pairs of texts: examples a second, and what it learns."""

from pathlib import Path

from benchmarks import contest
from benchmarks.table import Row
from kerastc import recipe, settings
from kerastc.run import Run

TARGET = 1.3
RATE = "learning_rate=5e-5"


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
    words = ["pairs", f"data={data}", f"backbone={backbone}", RATE, *size]
    ours = contest.kerastc(words, seed, folder / "kerastc")
    run = Run.open(folder / "kerastc" / "run")
    module = recipe.find("pairs").load()
    splits = module.load(settings.validate(module.Config, run.config["config"]), run)
    peer = contest.trainer(splits, run, folder / "trainer")
    case = f"{data.stem} with {Path(backbone).name} against Trainer, seed {seed}"
    memory = (ours.cost.peak_memory_bytes / 2**20, peer.cost.peak_memory_bytes / 2**20)
    speeds = (ours.examples_per_second, peer.examples_per_second)
    evaluated = (ours.evaluated_per_second, peer.evaluated_per_second)
    return [
        Row(case, "examples/s of training", *speeds, "more", TARGET),
        Row(case, "examples/s of evaluation", *evaluated, "more"),
        Row(case, "whole process, s", ours.cost.seconds, peer.cost.seconds, "less"),
        Row(case, "validation accuracy", ours.accuracy, peer.accuracy, "more"),
        Row(case, "peak memory, MiB", *memory, "less"),
    ]

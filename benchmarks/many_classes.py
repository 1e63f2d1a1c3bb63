"""Memory of `kerastc train text` before its first batch: 300,000 short texts of 20,000 classes.

    python -m benchmarks.many_classes            # or: ROWS CLASSES

Prints the peak of the resident set and the seconds behind each stage. Nothing is trained.
"""

import importlib
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

ROWS, CLASSES = 300_000, 20_000
WORDS = 5_000  # that texts are drawn from


class FirstBatch(Exception):
    """Ends the run where training would begin."""


def stage(name: str, work: Callable) -> Callable:
    """The same function, which says what it took."""

    def timed(*args, **kwargs):
        began = time.perf_counter()
        try:
            return work(*args, **kwargs)
        finally:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{name:<28}{peak:>8,.0f} MB{time.perf_counter() - began:>8.1f} s", flush=True)

    return timed


def write_texts(path: Path, rows: int, classes: int) -> None:
    """A file of texts of six words, each class as often as the others."""
    random = np.random.default_rng(0)
    letters = random.integers(ord("a"), ord("z") + 1, (WORDS, 9))
    words = ["".join(map(chr, word[: 3 + n % 7])) for n, word in enumerate(letters)]
    with path.open("w") as file:
        file.write("text,label\n")
        for row, chosen in enumerate(random.integers(0, WORDS, (rows, 6))):
            file.write(f"{' '.join(words[n] for n in chosen)},class {row % classes}\n")


def main(rows: int, classes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "texts.csv")
        stage("writing the file", write_texts)(file, rows, classes)
        stage("all up to the first batch", first_batch)(file)


def first_batch(file: Path) -> None:
    """Runs the recipe until it would train."""
    from kerastc import launch, recipe
    from kerastc.run import Run

    module = stage("recipe", recipe.find("text").load)()
    fine_tuning = stage("imports", importlib.import_module)("kerastc.training.fine_tuning")
    stages = {
        "encoder": "encoder_for",
        "bag of words": "bag_of_words",
        "what is not seen": "_tell_unseen",
        "batches": "token_batches",
    }
    for told, name in stages.items():
        setattr(fine_tuning, name, stage(told, getattr(fine_tuning, name)))
    fine_tuning.TaskTraining.fit = stop
    run = Run.create(file.parent / "run", {"recipe": "text"}, file.parent / "cache")
    config = module.Config(data=str(file), trainable="all")
    splits = stage("splits and data.json", launch.read_data)(module, config, run)
    with suppress(FirstBatch):
        module.train(splits, config, run)


def stop(training, model, train, *_, **options) -> None:
    """In the place of `TaskTraining.fit`: the first batch is made, and no more."""
    stage("first batch", train.__getitem__)(0)
    raise FirstBatch


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3] or (ROWS, CLASSES)))

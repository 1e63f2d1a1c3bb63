"""One training of kerastc against the same training of Hugging Face's `Trainer`."""

import csv
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.measure import Cost, measured
from kerastc import recipe, settings
from kerastc.data import LabelledTexts, Splits, split
from kerastc.errors import UserError
from kerastc.models.minilm import MINILM
from kerastc.run import Run
from kerastc.text.reference import Reference

# Both compute on the CPU, and neither asks a network for anything.
ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "KERAS_BACKEND": "tensorflow"}
# What the peer repeats only at these values.
MIRRORED = {
    "pooling": "mean",
    "class_weights": "none",
    "precision": "float32",
    "accumulation": 1,
}


@dataclass(frozen=True)
class Outcome:
    """A training as measured.

    Args:
        cost: of the whole process.
        examples_per_second: from the first to the last batch of each epoch, without validation;
            windows of those that are too long.
        evaluated_per_second: as above, in the last evaluation.
        figure: accuracy or F1 on the validation part, of the epoch with its least loss.
        epochs: trained.
    """

    cost: Cost
    examples_per_second: float
    evaluated_per_second: float
    figure: float
    epochs: int


def kerastc(words: Sequence[str], seed: int, folder: Path, figure: str = "accuracy") -> Outcome:
    """`kerastc train` as a process of its own, with nothing cached; its run goes to `folder`/run.

    Args:
        words: recipe and overrides.
        seed: of everything.
        folder: new.
        figure: the one that is compared.
    """
    folder.mkdir(parents=True)
    options = ["--seed", str(seed), "--run", str(folder / "run")]
    cost = measured(
        [sys.executable, "-m", "kerastc", "train", *words, *options],
        ENVIRONMENT | {"KERASTC_CACHE": str(folder / "cache")},
        folder / "log.txt",
    )
    with (folder / "run" / "history.csv").open(encoding="utf-8") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    examples = Run.open(folder / "run").read_json("data.json")["splits"]["train"]["rows"]
    seconds = sum(examples / row["examples_per_second"] for row in rows)
    metrics = Run.open(folder / "run").read_json("metrics.json")
    speeds = (examples * len(rows) / seconds, rows[-1]["val_examples_per_second"])
    return Outcome(cost, *speeds, metrics["validation"][figure], len(rows))


def both(
    words: Sequence[str], seed: int, folder: Path, figure: str, peer: str = "peer"
) -> tuple[Outcome, Outcome]:
    """A training of kerastc, and of the peer with the rows that the recipe reads.

    Args:
        words, seed, figure: as for `kerastc`.
        folder: takes both.
        peer: as for `trainer`.
    """
    ours = kerastc(words, seed, folder / "kerastc", figure)
    run = Run.open(folder / "kerastc" / "run")
    module = recipe.find(words[0]).load()
    splits = module.load(settings.validate(module.Config, run.config["config"]), run)
    return ours, trainer(splits, run, folder / "trainer", peer=peer)


def splits_of(texts: LabelledTexts, run: Run) -> Splits:
    """The splits that a run made of these texts."""
    config = run.config["config"]
    return split(texts, config["seed"], train_fraction=config["train_fraction"])


def trainer(
    splits: Splits,
    run: Run,
    folder: Path,
    grouped: bool = False,
    quiet_encoder: bool = False,
    peer: str = "peer",
) -> Outcome:
    """The peer, with the rows, splits and hyperparameters of a finished run of kerastc.

    Args:
        splits: of the texts or pairs that the run trained on.
        run: of `kerastc`, on MiniLM or a BERT in a folder in Hugging Face's layout.
        folder: new; takes the peer's data, checkpoints and result.
        grouped: batches of like length (`group_by_length`), which is not Trainer's default.
        quiet_encoder: keep a frozen encoder in evaluation mode, without dropout; Trainer puts the
            whole model into training mode.
        peer: the module of this package that trains it.

    Raises:
        UserError: the rows are not the run's, or a setting has no counterpart in the peer.
    """
    config, backbone = run.config["config"], run.config["config"]["backbone"]
    for name, value in MIRRORED.items():
        if config[name] != value:
            raise UserError(f"The peer repeats only {name}={value}, not {config[name]}.")
    if splits.as_dict()["fingerprint"] != run.read_json("data.json")["fingerprint"]:
        raise UserError(f"{run.folder} was trained on other rows than those given to the peer.")
    folder.mkdir(parents=True)
    for part in ("train", "validation"):
        _write(getattr(splits, part), folder / f"{part}.jsonl")
    task = {
        "weights": str(MINILM.folder() if backbone == "minilm" else Path(backbone).resolve()),
        "classes": splits.train.classes,
        "group_by_length": grouped,
        "quiet_encoder": quiet_encoder,
        "config": config,
    }
    (folder / "task.json").write_text(json.dumps(task, indent=2))
    cost = measured(
        [sys.executable, "-m", f"benchmarks.{peer}", str(folder)], ENVIRONMENT, folder / "log.txt"
    )
    result = json.loads((folder / "result.json").read_text())
    seconds = sum(result["epoch_seconds"])
    epochs = len(result["epoch_seconds"])
    speeds = (result["rows"] * epochs / seconds, result["evaluated_per_second"])
    return Outcome(cost, *speeds, result["figure"], epochs)


def warm_up(folder: Path) -> None:
    """Reads both libraries once, so that neither pays for a cold disk."""
    for modules in (
        "tensorflow, keras_hub, sklearn, matplotlib.pyplot",
        "transformers, accelerate",
    ):
        measured([sys.executable, "-c", f"import {modules}"], ENVIRONMENT, folder / "warm-up.txt")


def cores() -> int:
    """The CPU cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _write(rows_of: LabelledTexts, path: Path) -> None:
    rows: list[Mapping] = [
        {
            "texts": [example] if isinstance(example, str) else [*example],
            "label": label.answers if isinstance(label, Reference) else np.asarray(label).tolist(),
        }
        for example, label in zip(rows_of.examples, rows_of.labels, strict=True)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

"""Run folders of images, concluded as a training concludes them, with made-up probabilities."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
from fake_run import fake_predictions, history_rows, write_json, write_rows

from kerastc.data.images.images import LabelledImages, row_names
from kerastc.report.page.conclude import conclude
from kerastc.run import Run

PARTS = {"train": 90, "validation": 40, "test": 60}  # rows


def fake_splits(classes, seed: int = 0, side: int = 8, channels: int = 3, parts=PARTS):
    """Noise as images, with data.json's facts of 400 unlabelled ones."""
    rng = np.random.default_rng(seed)
    made = {}
    for part, rows in parts.items():
        labels = rng.integers(0, len(classes), rows).astype(np.int32)
        images = rng.integers(0, 256, (rows, side, side, channels), dtype=np.uint8)
        made[part] = LabelledImages(
            images, labels, tuple(classes), "", names=row_names(part, range(rows))
        )
    return SimpleNamespace(**made, folds=(), tested=made["test"])


def fake_probabilities(labels: np.ndarray, classes: int, seed: int, skill: float) -> np.ndarray:
    """Probabilities (n, classes) that know these labels a little."""
    found = fake_predictions(classes, len(labels), np.random.default_rng(seed), 0.0)[1]
    odds = found * np.exp(skill * np.eye(classes)[labels])
    return odds / odds.sum(axis=1, keepdims=True)


def make_fake_image_run(
    folder: Path,
    classes=tuple("0123456789"),
    seed: int = 0,
    skill: float = 3.0,
    splits=None,
    flipped: bool = False,
    method=None,
    images: int = 90,
    epochs: int = 3,
    history=(),
    page: bool = False,
    **settings,
) -> Path:
    """Writes the folder of a finished image run.

    Args:
        skill: how good it is.
        splits: of `fake_splits` by default.
        flipped: whether it has figures of mirror images.
        method: what its method tells.
        images: how many it learned from.
        history: columns that its method logged, name to values of the epochs.
        page: whether its page is drawn, which takes a second.
        settings: of its config.
    """
    config = {"seed": seed, "method": "supervised", **settings}
    run = Run.create(folder, {
        "recipe": "supervised", "command": f"kerastc train supervised seed={seed}", "config": config
    })  # fmt: skip
    splits = splits or fake_splits(classes, seed)
    counts = {part: getattr(splits, part).class_counts().tolist() for part in PARTS}
    parts = {part: {"rows": sum(rows), "counts": rows} for part, rows in counts.items()}
    write_json(run.path("data.json"), {
        "source": "digits",
        "fingerprint": "53aa",
        "classes": list(classes),
        "splits": parts | {"unlabelled": {"rows": 400}},
        "duplicates": {"exact": 3, "left_out": 2, "conflicting": 0, "examples": [
            {"images": ["train 1", "train 7"], "classes": [classes[0]]}
        ]},
        "notes": {},
    })  # fmt: skip
    write_json(run.path("environment.json"), {"backend": "tensorflow", "seed": seed})
    write_json(run.path("preprocessing.json"), {"task": "image-classification", "shape": [8, 8, 3]})
    run.write_text("labels.txt", "".join(f"{name}\n" for name in classes))
    rows = history_rows(classes, epochs, np.random.default_rng(seed), 0.7)
    for name, values in dict(history).items():
        rows = [row | {name: value} for row, value in zip(rows, values, strict=True)]
    write_rows(run.path("history.csv"), rows)
    validation, test, mirrored = (
        fake_probabilities(getattr(splits, part).labels, len(classes), seed + i, skill)
        for i, part in enumerate(("validation", "test", "test"))
    )
    training = {
        "epochs": epochs, "best_epoch": 2, "seconds": 41.3 + seed, "images": images,
        "train_accuracy": 0.8125 + seed / 100, "parameters": 1_250_000,
    }  # fmt: skip
    trained = SimpleNamespace(
        augmented={}, folds=(),
        validation=validation, test=test, figures=training, choice=None, baseline=None,
        flipped=mirrored if flipped else None, method=method or {},
    )  # fmt: skip
    with nullcontext() if page else patch("kerastc.report.page.conclude.write_report"):
        conclude(run, splits, trained)
    return folder

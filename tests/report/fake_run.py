"""Run folders as training leaves them, with made-up figures."""

import json
from pathlib import Path

import numpy as np

from kerastc.outputs.classes.metrics import classification_metrics
from kerastc.outputs.classes.predictions import read_predictions, write_predictions

SENTENCE = (
    "we propose a method for learning sparse graphs with bounded noise and show that its error "
    "falls as the number of samples grows while automata over finite words recognise exactly "
    "the regular languages which yields a faster algorithm on large inputs in practice"
)


def fake_text(rng: np.random.Generator) -> str:
    """A text of 40 to 300 characters."""
    text = " ".join(rng.choice(SENTENCE.split(), int(rng.integers(8, 48))))
    return text[:300].capitalize()


def fake_predictions(classes: int, rows: int, rng: np.random.Generator, skill: float = 3.0):
    """Labels (rows,) and rather overconfident probabilities (rows, classes)."""
    labels = rng.integers(0, classes, rows)
    logits = 1.6 * rng.normal(size=(rows, classes)) + skill * np.eye(classes)[labels]
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return labels, odds / odds.sum(axis=1, keepdims=True)


def history_rows(classes, epochs: int, rng: np.random.Generator, final: float) -> list[dict]:
    """A row an epoch: figures that rise to about `final` and then overfit a little."""
    rows = []
    for epoch in range(1, epochs + 1):
        progress = 1 - np.exp(-epoch / 4)
        row = {
            "epoch": epoch,
            "learning_rate": 5e-4 * (1 - (epoch - 1) / epochs),
            "seconds": 1.2,
            "examples_per_second": 950.0,
        }
        for prefix, factor in (("", 1.05), ("val_", 1.0)):
            base = min(0.995, final * progress * factor + rng.normal(0, 0.008))
            row[f"{prefix}loss"] = 1.1 - final * progress * factor + 0.006 * epoch * (prefix != "")
            row[f"{prefix}accuracy"] = base
            for key in ("precision", "recall", "f1"):
                values = np.clip(base + rng.normal(0, 0.03, len(classes)), 0, 1)
                row[f"{prefix}macro_{key}"] = values.mean()
                row |= {f"{prefix}{key}[{c}]": v for c, v in zip(classes, values, strict=True)}
        rows.append(row)
    return rows


def write_rows(path: Path, rows: list[dict]) -> None:
    """CSV through pandas, which quotes class names with commas."""
    import pandas as pd

    pd.DataFrame(rows).to_csv(path, index=False)


def write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def make_fake_run(
    folder: Path,
    classes=("AI", "DS", "FL"),
    rows: int = 243,
    epochs: int = 15,
    seed: int = 0,
    recipe: str = "arxiv",
    texts=None,
    skill: float = 3.0,
    finished: bool = True,
    baseline: float | None = None,
    changed: tuple[str, ...] | None = None,
    **settings,
) -> Path:
    """Writes a run folder; with `finished=False` it stops after its last epoch's history.

    `baseline` is the skill of a bag of words, which has figures only where it is given. `changed`
    names the settings that somebody changed.
    """
    rng = np.random.default_rng(seed + int(1000 * skill))
    folder.mkdir(parents=True)
    config = {
        "problem": "similar",
        "seed": seed,
        "learning_rate": 5e-4,
        "schedule": "linear",
        "early_stopping": {"metric": "val_loss", "patience": 3, "min_delta": 0.0},
        **settings,
    }
    command = f"kerastc train {recipe} problem=similar seed={seed}"
    named = {"recipe": recipe, "command": command, "config": config}
    if changed is not None:
        named["changed"] = changed
    write_json(folder / "config.json", named)
    write_json(
        folder / "environment.json",
        {
            "backend": "tensorflow",
            "device": "cpu:0",
            "seed": seed,
            "started": "2026-11-21T10:15:00+0000",
            "machine": "Linux x86_64, 2 cores",
            "git_commit": "a3f2c1d",
            "versions": {"python": "3.11.9", "keras": "3.15.1", "tensorflow": "2.21.0"},
        },
    )
    (folder / "labels.txt").write_text("".join(f"{c}\n" for c in classes), encoding="utf-8")
    write_data(folder, classes, rows, rng)
    write_rows(folder / "history.csv", history_rows(classes, epochs, rng, 0.5 + skill / 8))
    if finished:
        write_json(folder / "preprocessing.json", {"task": "text-classification"})
        write_results(folder, classes, rows, epochs, rng, texts, skill)
    if finished and baseline is not None:
        write_baseline(folder, classes, rows, rng, baseline)
    return folder


def write_data(folder: Path, classes, rows: int, rng: np.random.Generator) -> None:
    parts = {}
    for part, factor in (("train", 4.7), ("validation", 1), ("test", 1)):
        counts = [
            int(n) for n in rng.multinomial(int(rows * factor), [1 / len(classes)] * len(classes))
        ]
        parts[part] = {"rows": sum(counts), "counts": counts}
    write_json(
        folder / "data.json",
        {
            "source": "arXiv abstracts, problem similar",
            "fingerprint": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "classes": list(classes),
            "splits": parts,
            "duplicates": {
                "exact": 4,
                "near": 11,
                "conflicting": 7,
                "examples": [
                    {"texts": [fake_text(rng), fake_text(rng)], "classes": [*classes[:2]]}
                ],
            },
            "notes": {
                "texts of more than 300 characters, which are cut": 1480,
                "rows without a text": 2,
            },
        },
    )


def write_results(folder, classes, rows, epochs, rng, texts, skill) -> None:
    training = {
        "epochs": epochs,
        "best_epoch": max(1, epochs - 3),
        "stopped_early": True,
        "seconds": 41.3,
        "examples_per_second": 951.2,
        "parameters": 22_861_059,
        "trainable_parameters": 148_995,
        "peak_memory_bytes": 1_503_238_553,
    }
    metrics = {"training": training}
    (folder / "predictions").mkdir()
    for part in ("validation", "test"):
        labels, probabilities = fake_predictions(len(classes), rows, rng, skill)
        metrics[part] = classification_metrics(labels, probabilities, classes)
        written = list(texts) if texts is not None else [fake_text(rng) for _ in range(rows)]
        write_predictions(
            folder / "predictions" / f"{part}.csv", written, labels, probabilities, classes
        )
    write_json(folder / "metrics.json", metrics)


def write_baseline(folder, classes, rows, rng, skill) -> None:
    figures = {"seconds": 0.9, "predicting_seconds": 0.1, "parameters": 31_002}
    baseline = {"name": "bag of words", "training": figures}
    for part in ("validation", "test"):
        labels, probabilities = fake_predictions(len(classes), rows, rng, skill)
        baseline[part] = classification_metrics(labels, probabilities, classes)
    path = folder / "metrics.json"
    write_json(path, json.loads(path.read_text(encoding="utf-8")) | {"baseline": baseline})


def compress_fake_run(
    parent: Path,
    name: str,
    steps,
    noise: float = 0.3,
    parameters: int = 9_000_000,
    seconds: float = 20.0,
    folder: Path | None = None,
) -> Path:
    """Writes a run as `kerastc compress` leaves it: the parent's rows, its logits with noise."""
    rng = np.random.default_rng(len(name) + int(100 * noise))
    folder = folder or parent / "compressed" / name
    folder.mkdir(parents=True)
    config = json.loads((parent / "config.json").read_text(encoding="utf-8"))
    config |= {"parent": {"run": str(parent)}, "steps": list(steps)}
    config["command"] = f"kerastc compress {parent} {' '.join(steps)}"
    write_json(folder / "config.json", config)
    for file in ("environment.json", "labels.txt", "data.json", "preprocessing.json"):
        (folder / file).write_bytes((parent / file).read_bytes())
    metrics = {}
    (folder / "predictions").mkdir()
    for part in ("validation", "test"):
        before = read_predictions(parent / "predictions" / f"{part}.csv")
        logits = np.log(before.probabilities)
        odds = np.exp(logits + noise * rng.normal(size=logits.shape))
        after = odds / odds.sum(axis=1, keepdims=True)
        metrics[part] = classification_metrics(before.labels, after, before.classes)
        path = folder / "predictions" / f"{part}.csv"
        write_predictions(
            path, before.examples, before.labels, after, before.classes, before.columns
        )
    write_json(folder / "metrics.json", metrics)
    write_json(folder / "compression.json", {"original": str(parent), "steps": [
        {
            "step": step,
            "seconds": seconds / len(steps),
            "parameters": [22_861_059, parameters],
            "bytes": [4 * 22_861_059, 4 * parameters],
            "sparsity": 0.25,
            "details": {"ranks": {"kernel": 30}},
        }
        for step in steps
    ]})  # fmt: skip
    return folder


def export_fake_run(folder: Path, **what) -> None:
    """Adds a signature as `kerastc export` leaves it beside a file, without the file."""
    (folder / "exports").mkdir(exist_ok=True)
    signature = {"format": "litert", "file": "model.tflite", "bytes": 90_000_000, **what}
    write_json(folder / "exports" / f"{signature['file']}.json", signature)


def benchmark_fake_run(folder: Path, p50: float, octets: int, **what) -> None:
    """Adds an entry to benchmark.json as `kerastc benchmark` leaves it."""
    path = folder / "benchmark.json"
    entries = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    entry = {
        "file": "exports/model.tflite",
        "format": "litert",
        "quantization": "float32",
        "batch": 1,
        "length": 26,
        "threads": 1,
        "runs": 100,
        "initialisation_ms": 12.5,
        "first_call_ms": 2 * p50,
        "latency_ms": {"p50": p50, "p90": 1.1 * p50, "p95": 1.2 * p50, "p99": 1.5 * p50},
        "throughput": 1000 / p50,
        "peak_memory_bytes": 30_000_000 + 2 * octets,
        "bytes": octets,
        "gzip_bytes": int(0.9 * octets),
        "rows": 60,
        "loss": 0.71,
        "accuracy": 0.75,
        "accuracy_interval": [0.65, 0.85],
        "macro_f1": 0.74,
        "macro_f1_interval": [0.63, 0.84],
        "agreement": 1.0,
        "machine": {"cpu": "Xeon", "cores": 2, "system": "Linux", "python": "3.11.9"},
        "measured": "2026-11-21T10:15:00+0000",
    }
    write_json(path, [*entries, {**entry, **what}])

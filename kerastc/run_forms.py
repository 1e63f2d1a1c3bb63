"""The required content of each JSON file of a run; keys not named here may hold anything."""

from typing import Any

from kerastc.forms import COUNT, NAN, Or

SCORE = {"precision": float, "recall": float, "f1": float}
INTERVAL = (float, float)
# Of a part, from `Output.metrics`; a user's own recipe may have fewer.
FIGURES = {
    "rows?": range(1, 2**53),
    "loss?": Or(float, NAN),
    "perplexity?": float,
    "accuracy?": float,
    "macro_precision?": float,
    "macro_recall?": float,
    "macro_f1?": float,
    "per_class?": {str: SCORE | {"support": COUNT}},
    "ece?": float,
    "top_5_accuracy?": float,
    "words?": COUNT,
    **{f"{name}?": float for name in SCORE},
    "per_type?": {str: SCORE | {"support": COUNT}},
    "intervals?": {
        "accuracy?": INTERVAL,
        "macro_precision?": INTERVAL,
        "macro_recall?": INTERVAL,
        "macro_f1?": INTERVAL,
        "top_5_accuracy?": INTERVAL,
        "per_class?": {str: {str: INTERVAL}},
        **{f"{name}?": INTERVAL for name in SCORE},
        "per_type?": {str: {str: INTERVAL}},
    },
}
AVERAGES = {"accuracy?": float, "macro_f1?": float, "f1?": float, "loss?": Or(float, NAN)}
COSTS = {
    "epochs?": float,
    "steps?": COUNT,
    "best_epoch?": float,
    "best_step?": COUNT,
    "stopped_early?": bool,
    "seconds?": float,
    "predicting_seconds?": float,
    "examples_per_second?": float,
    "val_examples_per_second?": float,
    "images?": COUNT,
    "max_tokens?": COUNT,
    "train_accuracy?": float,
    "parameters?": COUNT,
    "trainable_parameters?": COUNT,
    "peak_memory_bytes?": COUNT,
}
EXPLORATION = {
    "source": str,
    "rows": range(1, 2**53),
    "classes": {str: COUNT},
    "years?": {str: {str: COUNT}},
    "words": dict,
    "lengths": {str: dict},
    "noise": dict,
}
ENTRY = {  # of benchmark.json
    "file": str,
    "part?": str,
    "format": str,
    "model?": str,
    "quantization?": str,
    "batch?": COUNT,
    "length?": COUNT,
    "threads?": COUNT,
    "protocol?": str,
    "runs?": COUNT,
    "initialisation_ms?": float,
    "first_call_ms?": float,
    "tokenize_ms?": float,
    "latency_ms?": {"p50": float, "p90?": float, "p95": float, "p99?": float, "mean?": float},
    "spread_ms?": float,
    "throughput?": float,
    "seconds_per_100?": {"mean": float, "deviation": float},
    "peak_memory_bytes?": COUNT,
    "model_memory_bytes?": COUNT,
    "bytes?": COUNT,
    "gzip_bytes?": COUNT,
    "parameters?": COUNT,
    "rows?": COUNT,
    "loss?": float,
    "loss_interval?": INTERVAL,
    "accuracy?": float,
    "accuracy_interval?": INTERVAL,
    "macro_f1?": float,
    "macro_f1_interval?": INTERVAL,
    "agreement?": float,
    "learned_from?": bool,
    "unseen?": dict,
    "machine?": {"cpu?": str, "cores?": COUNT, "system?": str, "python?": str},
    "measured?": str,
}
STEP = {  # of compression.json
    "step": str,
    "seconds": float,
    "parameters": (COUNT, COUNT),
    "bytes": (COUNT, COUNT),
    "sparsity": float,
    "details": {"epochs?": float, "validation_accuracy?": float},
}
SIGNATURE = {  # the part of exports/*.json that the report reads
    "format": str,
    "file": str,
    "bytes": COUNT,
    "quantization?": str,
    "parameters?": COUNT,
    "parity?": dict,
    "notes?": [str],
}
TIMED = {str: {"latency_p50_ms": float, "latency_spread_ms": float}}  # of a search, by chain
FORMS: dict[str, Any] = {
    "config.json": {
        "recipe?": str,
        "recipe_sha256?": Or(str, None),
        "command?": str,
        "config?": {"seed?": int, "data?": Or(str, [str])},
        "changed?": [str],
        "steps?": [str],
        "study?": {"name": str, "sha256": str, "settings": [str]},
        "parent?": {"run": str, "from_run?": str, "checkpoint?": str, "step?": COUNT},
        "locations?": {
            str: {
                **{"path": str, "working_folder": str, "from_run": str},
                **{"moved?": str, "moved_from_run?": str},
            }
        },
        "despite?": [str],
        "phase?": str,
        "step?": str,
        "fold?": COUNT,
    },
    "environment.json": {
        "backend": {"tensorflow", "jax", "torch"},
        "device?": str,
        "seed?": int,
        "started?": str,
        "machine?": str,
        "git_commit?": str,
        "versions?": {str: Or(str, None)},
        "data_fingerprint?": str,
        "resumed_despite?": [str],
        "processes?": COUNT,
    },
    "data.json": {
        "source?": str,
        "fingerprint": str,
        "classes": [str],
        "splits": {str: {"rows?": COUNT, "counts?": [COUNT]}},
        "duplicates?": {
            "seen?": COUNT,
            "examples?": [
                {"texts?": [str], "images?": [str], "pairs?": [[str]], "classes?": [str]}
            ],
        },
        "notes?": {str: object},
        "untested?": str,
        "sources?": {str: {"source": str, "fingerprint": str}},
        "folds?": {"of": [COUNT], "splits": [{str: {"rows": COUNT, "counts": [COUNT]}}]},
        "balancing?": {"how": str, "before": [COUNT], "after": [COUNT]},
        "exploration?": EXPLORATION,
    },
    "preprocessing.json": {
        "task": str,
        "max_tokens?": COUNT,
        "max_characters?": COUNT,
        "preparation?": dict,
        "segments?": bool,
        "words?": Or(bool, str),
        "window?": COUNT,
        "overlap?": COUNT,
        "shape?": (COUNT, COUNT, COUNT),
        "bits?": Or(COUNT, None),
        "fit?": str,
    },
    "metrics.json": {
        "training?": COSTS,
        "validation?": FIGURES,
        "test?": FIGURES,
        "test_flipped?": FIGURES,
        "baseline?": {
            "name": str,
            "training": COSTS,
            "validation?": FIGURES,
            "test?": FIGURES,
        },
        "checkpoints?": {
            "rule": str,
            "table": [
                {"checkpoint": str, "step": COUNT, "epoch": float, "chosen": bool, "loss": float}
            ],
        },
        "folds?": {
            "table": [
                {"fold": COUNT, "train": COUNT, "validation": COUNT, "test": COUNT}
                | AVERAGES
                | {"best_epoch?": float, "epochs?": float, "seconds?": float}
            ],
            "mean": AVERAGES,
            "deviation": AVERAGES,
        },
        "method?": dict,
    },
    "compression.json": {"original": str, "steps": [STEP]},
    "benchmark.json": [ENTRY],
    "finished.json": {
        "finished?": str,
        "seconds?": float,
        "peak_memory_bytes?": COUNT,
        "files?": {str: str},
    },
    "phase.json": COSTS | {"validation_accuracy?": float},
    "fold.json": {"of": str, "task": str, "figures": COSTS},
    "pictures.json": [{"name": str, "title": str, "caption": str}],
    "trial.json": {
        "words": [str],
        "validation": {str: Or(float, INTERVAL)},
        "bytes": COUNT,
        "latency_p50_ms": float,
        "peak_memory_bytes": COUNT,
        "parameters": COUNT,
        "seconds": float,
    },
}

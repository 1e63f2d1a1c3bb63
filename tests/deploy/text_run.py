"""A text run as training leaves it, with a tiny random encoder and no training."""

import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from kerastc.outputs.classes.predictions import write_predictions
from kerastc.run import Run
from kerastc.text.preparation import TextPreparation

on_tensorflow = pytest.mark.skipif(
    os.environ["KERAS_BACKEND"] != "tensorflow", reason="TensorFlow's own work"
)

CLASSES = ("animals", "places", "rest")
WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "dog", "sun", "café", "東京", ".", "Zebra"]
MAX_TOKENS = 12
ROWS = 40


def texts(rows: int = ROWS) -> list[str]:
    """Texts of words that the vocabulary has, and of one that it lacks."""
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(WORDS, rng.integers(1, 14))) for _ in range(rows)]


def write_run(folder: Path, encoder: Path, preparation: TextPreparation) -> Run:
    """Writes the run; `encoder` is a preset folder, see `tiny_presets`."""
    import keras

    from kerastc.models import load_encoder, sequence_classifier
    from kerastc.training.fine_tuning import save

    loaded = load_encoder(str(encoder))
    model = sequence_classifier(loaded, len(CLASSES), trainable="all")
    # A head whose logits are as large as a trained one's.
    kernel = model.get_layer("classifier").kernel
    rng = np.random.default_rng(0)
    kernel.assign(rng.normal(size=kernel.shape))
    pre = model.get_layer("pre_classifier").kernel
    pre.assign(keras.ops.convert_to_tensor(rng.normal(size=pre.shape).astype("float32")))
    run = Run.create(folder, {"recipe": "text", "config": {}, "command": "kerastc train text"})
    preprocessing = {
        "task": "text-classification",
        "max_tokens": MAX_TOKENS,
        "max_characters": 50,
        "preparation": asdict(preparation),
    }
    save(model, loaded.tokenizer, preprocessing, run)
    run.write_text("labels.txt", "".join(f"{name}\n" for name in CLASSES))
    run.path("predictions").mkdir()
    uniform = np.full((ROWS, len(CLASSES)), 1 / len(CLASSES))
    path = run.path("predictions", "validation.csv")
    write_predictions(path, texts(), np.zeros(ROWS, int), uniform, CLASSES)
    return run


def table_of(run: Run) -> list[np.ndarray]:
    """The weights of the embedding of tokens."""
    from kerastc.predictor import predictor_of

    return (
        predictor_of(run).session.model.get_layer("encoder").backbone.token_embedding.get_weights()
    )

"""Runs on texts as training leaves them, with random weights and no training."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastc.compress.steps.units import Heads, Neurons
from kerastc.models import Encoder, compact, encoder_layer, load_encoder
from kerastc.models.layer_paths import put, rebuilt
from kerastc.models.low_rank import LowRankDense
from kerastc.models.published_words import language_model
from kerastc.run import Run
from kerastc.tasks import TASKS
from kerastc.text.preparation import TextPreparation
from kerastc.training.config import TextClassifierConfig
from kerastc.training.document_config import DocumentClassifierConfig
from kerastc.training.fine_tuning import save
from kerastc.training.pair_config import PairClassifierConfig
from kerastc.training.question_config import QuestionConfig
from kerastc.training.tag_config import TagConfig

LABELS = ("bad", "good", "so-so")
WORDS = "masked-language-model"
CONFIGS = {
    "text-classification": TextClassifierConfig,
    "pair-classification": PairClassifierConfig,
    "document-classification": DocumentClassifierConfig,
    "token-classification": TagConfig,
    "question-answering": QuestionConfig,
}
MOST = 16
PUBLISHED = Path(__file__).parent.parent / "models" / "published"
TEXTS = ["the cat sat on a mat", "the dog", "a big [MASK] ran in the sun and sat", "red"]
SECOND = ["a small dog", "the cat sat on the mat in the sun", "cat", "dog and cat"]


def shaken(model: keras.Model, seed: int = 0) -> keras.Model:
    """The model with other norms, biases and heads: none is zero, one or small."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        if "seed" not in weight.path and "embed" not in weight.path:
            noise = random.normal(0, 0.3, weight.shape)
            weight.assign(keras.ops.convert_to_numpy(weight) + noise.astype("float32"))
    return model


def write_run(folder: Path, task: str, encoder: Path, changed=lambda model: model, **given) -> Run:
    """A run of a task on an encoder's folder.

    Args:
        changed: makes another model of the shaken one.
        given: settings of the recipe.
    """
    loaded = load_encoder(str(encoder), pairs=task == WORDS or CONFIGS[task].pairs)
    labels = {WORDS: ("word",), "question-answering": ("answer",)}.get(task, LABELS)
    if task == WORDS:
        model, _ = language_model(loaded, seed=1)
    else:
        data = {"data": "none"} if task == "token-classification" else {}
        config = CONFIGS[task](backbone=str(encoder), **data, **given)
        model = TASKS[task].output_part("head").text_model(loaded, labels, config)
    preprocessing: dict[str, Any] = {
        "task": task,
        "max_tokens": MOST,
        "max_characters": 0,
        "preparation": asdict(TextPreparation()),
        "segments": loaded.segments,
    }
    run = Run.create(folder, {"recipe": "text", "config": {}, "command": "kerastc train text"})
    save(changed(shaken(model)), loaded.tokenizer, preprocessing, run)
    run.write_text("labels.txt", "".join(f"{name}\n" for name in labels))
    return run


def encoder_of(kind: str, tiny: Callable[[str], Path]) -> Path:
    """A folder of published/, or a tiny preset."""
    return PUBLISHED / kind if (PUBLISHED / kind).is_dir() else tiny(kind)


def rows_of(encoder: Encoder, pairs: bool) -> dict[str, np.ndarray]:
    """Texts, or pairs, of several lengths as an encoder reads them."""
    return encoder.pad(encoder.encode(TEXTS, MOST, SECOND if pairs else None))


def logits(model: keras.Model, rows: dict[str, np.ndarray]) -> np.ndarray:
    """Of a language model, at all places."""
    places = np.tile(np.arange(rows["token_ids"].shape[1], dtype="int32"), (len(TEXTS), 1))
    given = {"segment_ids": 0 * places, **rows, "masked_positions": places}
    return keras.ops.convert_to_numpy(model({t.name: given[t.name] for t in model.inputs}))


def compressed(model: keras.Model) -> keras.Model:
    """The model without some heads and neurons, others in each block; one layer of low rank."""
    model = compact(model)
    encoder = encoder_layer(model)
    for number, block in enumerate(encoder.blocks):
        Heads.of(block, "encoder").keep(np.array([1 - number % 2]))
        Neurons.of(block, "encoder").keep(np.arange(3 + number))
    thin = LowRankDense(encoder.width, 2, name="outer")
    thin.build((None, encoder.blocks[0].inner.units))
    thin.set_weights([np.full(weight.shape, 0.2) for weight in thin.weights])
    put(encoder.blocks[0], "outer", thin)
    return rebuilt(model, lambda layer: layer)

"""A run with an exported model so small that it is counted by hand: the mean of token vectors."""

import json
from pathlib import Path

import numpy as np

from kerastc.deploy.signature import Signature, Tensor, beside, digest
from kerastc.outputs.classes.predictions import write_predictions
from kerastc.text.vocabularies import WordPiece

WORDS = ["boil", "salt", "pan", "mast", "wind", "harbour", "pawn", "king", "rook"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
CLASSES = ("cooking", "sailing", "chess")
TEXTS = ("boil salt", "mast wind harbour", "pawn king rook", "king pan", "rook rook salt boil")
LABELS = np.array([0, 1, 2, 2, 0])
LENGTH = 8
WIDTH = 4
PREPROCESSING = {
    "task": "text-classification",
    "max_tokens": LENGTH,
    "max_characters": 0,
    "preparation": {"lowercase": True},
}


def weights(rows: int = len(VOCABULARY)) -> tuple[np.ndarray, np.ndarray]:
    """A table of token vectors (rows, 4) and a kernel (4, classes)."""
    draws = np.random.default_rng(0)
    shapes = (rows, WIDTH), (WIDTH, len(CLASSES))
    return tuple(draws.normal(size=shape).astype("float32") for shape in shapes)


def expected(rows: list[list[int]]) -> np.ndarray:
    """The logits of rows of token ids, computed in NumPy."""
    table, kernel = weights()
    return np.stack([table[np.array(row)].mean(axis=0) for row in rows]) @ kernel


def ids(text: str) -> list[int]:
    """The token ids of a text of known words."""
    words = [VOCABULARY.index(word) for word in text.split()][: LENGTH - 2]
    return [VOCABULARY.index("[CLS]"), *words, VOCABULARY.index("[SEP]")]


def litert(
    batch: int | None = 1, length: int | None = LENGTH, dtype: str = "int32", work: int = 0
) -> bytes:
    """A .tflite file of the model; `work` matrix products more cost time and change nothing."""
    import tensorflow as tf

    table, kernel = map(tf.constant, weights())
    burden = tf.constant(np.eye(256, dtype="float32") * 0.999)
    inputs = {
        name: tf.TensorSpec([batch, length], dtype, name) for name in ("token_ids", "padding_mask")
    }

    class Model(tf.Module):
        @tf.function(input_signature=list(inputs.values()))
        def __call__(self, token_ids, padding_mask):
            mask = tf.expand_dims(tf.cast(padding_mask, tf.float32), 2)
            mean = tf.reduce_sum(tf.gather(table, token_ids) * mask, 1) / tf.reduce_sum(mask, 1)
            busy = tf.reduce_sum(mean) * tf.ones((256, 256))
            for _ in range(work):
                busy = tf.matmul(busy, burden)
            return {"logits": mean @ kernel + 1e-30 * tf.reduce_mean(busy)}

    model = Model()
    found = model.__call__.get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([found], model).convert()


def write_run(
    folder: Path,
    model: bytes,
    name: str = "model.tflite",
    batch: int | None = 1,
    length: int | None = LENGTH,
    dtype: str = "int32",
) -> Path:
    """Writes a run around a model, or puts the model beside those that it has; gives its path."""
    exports = folder / "exports"
    WordPiece(VOCABULARY).tokenizer().save(exports / "tokenizer")
    (folder / "config.json").write_text("{}")
    (folder / "predictions").mkdir(exist_ok=True)
    logits = expected([ids(text) for text in TEXTS])
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    predictions = folder / "predictions" / "test.csv"
    write_predictions(predictions, TEXTS, LABELS, probabilities, CLASSES)
    path = exports / name
    path.write_bytes(model)
    Signature(
        format="onnx" if name.endswith(".onnx") else "litert",
        file=name,
        sha256=digest(path),
        bytes=len(model),
        task="text-classification",
        inputs=tuple(Tensor(n, (batch, length), dtype) for n in ("token_ids", "padding_mask")),
        outputs=(Tensor("logits", (batch, len(CLASSES)), "float32"),),
        classes=CLASSES,
        preprocessing=PREPROCESSING,
        tokenizer="tokenizer",
        quantization="float32",
        parameters=68,
    ).write(beside(path))
    return path


def sign(path: Path, **changes) -> None:
    """Changes fields of a signature, and makes it vouch for the model as it is."""
    record = json.loads(beside(path).read_text())
    record |= {"sha256": digest(path), "bytes": path.stat().st_size, **changes}
    beside(path).write_text(json.dumps(record))

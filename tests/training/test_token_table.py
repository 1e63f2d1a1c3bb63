"""A large table is trained only where the data reach it, and nothing else is lost."""

import json

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tiny_presets import hugging_face  # noqa: F401

from kerastc.data import read_texts, split
from kerastc.models import load_encoder
from kerastc.models.parts import encoder_layer
from kerastc.run import Run
from kerastc.scores.softmax import softmax
from kerastc.text.tokenizer import Tokenizer
from kerastc.training import TextClassifierConfig, fine_tuned, token_table

UNUSED = 300


@pytest.fixture
def backbone(hugging_face):  # noqa: F811
    """A tiny BERT with hundreds of words that no text has."""
    path = hugging_face / "model.safetensors"
    weights = load_file(path)
    name = "bert.embeddings.word_embeddings.weight"
    more = np.random.default_rng(1).normal(0, 0.5, (UNUSED, 8)).astype("float32")
    weights[name] = np.concatenate([weights[name], more])
    save_file(weights, path)
    config = json.loads((hugging_face / "config.json").read_text())
    config["vocab_size"] += UNUSED
    (hugging_face / "config.json").write_text(json.dumps(config))
    with (hugging_face / "vocab.txt").open("a", encoding="utf-8") as file:
        file.writelines(f"unused{i}\n" for i in range(UNUSED))
    return str(hugging_face)


@pytest.fixture
def trained(backbone, tmp_path, monkeypatch):
    """Trains on a small file, with the table cut from so many rows on."""
    words = ["the", "cat", "sat", "on", "a", "mat", "and", "dog", "ran", "in", "sun"]
    draws = np.random.default_rng(0).choice(words, (60, 6))
    rows = [f"{' '.join(row)},{'cat' if 'cat' in row else 'none'}" for row in draws]
    (tmp_path / "data.csv").write_text("text,label\n" + "\n".join(rows) + "\n")

    def train(name: str, large: int, **changed):
        monkeypatch.setattr(token_table, "LARGE", large)
        given = dict(backbone=backbone, trainable="all", epochs=2, weight_decay=0.0, max_tokens=16)
        config = TextClassifierConfig(**(given | changed), batch_size=16)
        run = Run.create(tmp_path / name, {"recipe": "text"}, tmp_path / "cache")
        splits = split(read_texts(tmp_path / "data.csv"), 0)
        return fine_tuned(splits, config, run), run, splits

    return train


def test_training_moves_the_rows_in_use_and_loses_no_other(trained, backbone, capsys):
    cut, run, splits = trained("cut", large=100)
    assert "tokens the texts can produce" in capsys.readouterr().err.replace("\n", " ")
    whole, *_ = trained("whole", large=10_000)
    assert "can produce" not in capsys.readouterr().err
    np.testing.assert_allclose(cut.test, whole.test, atol=1e-5)
    assert cut.figures["trainable_parameters"] < whole.figures["trainable_parameters"] - 8 * UNUSED
    assert cut.figures["parameters"] == whole.figures["parameters"]

    before = load_encoder(backbone)
    model = keras.saving.load_model(run.path("model.keras"), safe_mode=True)
    after = encoder_layer(model).table()
    moved = (after != before.layer.table()).any(axis=1)
    used = np.unique(before.encode(splits.data.examples, 16).ids.values)
    assert moved[used].sum() > 10
    assert not moved[-UNUSED:].any()
    tokenizer = Tokenizer.read(run.path("tokenizer"))
    assert tokenizer.described() == before.tokenizer.described()
    rows = tokenizer.encode(splits.test.examples, 16)
    logits = model.predict(tokenizer.pad(rows), verbose=0)
    np.testing.assert_allclose(softmax(logits), cut.test, atol=1e-5)


@pytest.mark.parametrize("trainable", ["head", "top_1"])
def test_a_table_that_is_not_trained_stays_whole(trained, trainable, capsys):
    trained("run", large=100, trainable=trainable)
    assert "can produce" not in capsys.readouterr().err

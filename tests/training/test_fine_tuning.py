"""Training a text classifier whole: cached features against uncached ones, and its files."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from kerastc.data import read_texts, split
from kerastc.errors import UserError
from kerastc.inputs.text.batches import text_batches
from kerastc.models import load_encoder, sequence_classifier
from kerastc.outputs.classes import head
from kerastc.outputs.classes.scores import Classes
from kerastc.run import Run
from kerastc.scores.softmax import softmax
from kerastc.text.tokenizer import Tokenizer
from kerastc.training import TextClassifierConfig, train_on_tokens
from kerastc.training.checkpoints import read_weights
from kerastc.training.fit import fit
from kerastc.training.predicting import predict
from kerastc.training.variable_names import model_variables

pytestmark = pytest.mark.backend


@pytest.fixture
def study(tiny_encoder, subjects_csv, tmp_path):
    """Builds a model and a run of the small file, with words changed in the config."""

    def build(name, **changed):
        config = TextClassifierConfig(
            epochs=4, batch_size=16, learning_rate=5e-3, max_tokens=32, **changed
        )
        texts = read_texts(subjects_csv)
        encoder = load_encoder(str(tiny_encoder))
        model = sequence_classifier(encoder, len(texts.classes), **config.architecture())
        run = Run.create(tmp_path / name, {"recipe": "text"}, tmp_path / "cache")
        return model, encoder, split(texts, 0), config, run

    return build


def test_cached_features_train_to_the_uncached_figures(study):
    cached = train_on_tokens(*study("cached"))
    model, encoder, splits, config, run = study("uncached")
    keras.utils.set_random_seed(config.seed)
    whole = text_batches(splits.train, encoder.tokenizer, config, config.seed)
    # The order of the cached rows, which are not grouped by length.
    whole._ordered = super(type(whole), whole)._ordered
    whole.begin_epoch(0)
    validation = text_batches(splits.validation, encoder.tokenizer, config)
    loss, judge = head.loss(config), head.judge(Classes(splits.train.classes))
    fit(model, whole, validation, loss, judge, config, run)
    uncached = softmax(predict(model, text_batches(splits.test, encoder.tokenizer, config), ""))
    np.testing.assert_allclose(cached.test, uncached, atol=2e-4)


def test_tokens_are_masked_only_where_the_tokenizer_has_a_mask(study):
    _, encoder, splits, config, _ = study("masked", trainable="all", masking=0.5)
    told = encoder.tokenizer.described()
    told["added_tokens"] = [t for t in told["added_tokens"] if t["content"] != "[MASK]"]
    told["model"]["vocab"]["[NONE]"] = told["model"]["vocab"].pop("[MASK]")
    with pytest.raises(UserError, match=r"masking=0\.5, but .* has no mask"):
        text_batches(splits.train, Tokenizer(json.dumps(told)), config, config.seed)
    text_batches(splits.validation, Tokenizer(json.dumps(told)), config)  # has nothing masked


def test_a_frozen_encoder_is_left_as_it_was(study):
    model, encoder, *rest = study("head")
    before = [weight.numpy().copy() for weight in encoder.layer.backbone.weights]
    trained = train_on_tokens(model, encoder, *rest)
    for old, weight in zip(before, encoder.layer.backbone.weights, strict=True):
        np.testing.assert_array_equal(old, weight.numpy())
    assert trained.figures["trainable_parameters"] == 16 * 16 + 16 + 16 * 3 + 3


def test_texts_whose_tokens_equal_a_training_text_s_are_counted(study, capsys):
    model, encoder, splits, config, run = study("same")
    other = splits.train_rows[:2]  # as if two rows had been drawn twice
    splits = replace(splits, test=splits.data.take(other), test_rows=other)
    run.describe_data(splits)
    train_on_tokens(model, encoder, splits, config.model_copy(update={"epochs": 1}), run)
    notes = run.read_json("data.json")["notes"]
    assert notes["test texts with the same tokens as a training text"] == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "2 of 2 test texts (100.0%) have the same tokens as a training text" in said


@pytest.mark.parametrize("trainable", ["top_1", "all"])
def test_a_trainable_encoder_learns(study, trainable):
    model, encoder, splits, config, run = study(trainable, trainable=trainable)
    trained = train_on_tokens(model, encoder, splits, config, run)
    assert (trained.test.argmax(axis=1) == splits.test.labels).mean() > 0.6  # chance is a third


def test_the_saved_model_gives_the_same_probabilities(study):
    model, encoder, splits, config, run = study("saved")
    trained = train_on_tokens(model, encoder, splits, config, run)
    from kerastc.predictor import predictor_of

    run.write_text("labels.txt", "".join(f"{name}\n" for name in splits.train.classes))
    found = predictor_of(Run.open(run.folder)).answers(splits.test.examples)
    np.testing.assert_allclose(found, trained.test, atol=1e-5)
    assert not list(Path(run.folder).glob("**/.writing*"))


def test_a_training_on_cached_features_ends_in_the_same_digits_whatever_the_cache_held(
    study, tmp_path
):
    whole = train_on_tokens(*study("whole"))
    for folder in (tmp_path / "cache" / "features").iterdir():
        shutil.rmtree(folder)
    model, encoder, splits, config, run = study("resumed")
    others = replace(splits, train=splits.validation, validation=splits.test)
    train_on_tokens(model, encoder, others, config.model_copy(update={"epochs": 1}), run)
    found = train_on_tokens(*study("again"))
    np.testing.assert_array_equal(found.test, whole.test)


def test_layers_thaw_from_the_top_an_epoch_apart(study):
    model, encoder, splits, config, run = study(
        "thawing", trainable="all", unfreeze="gradual", rate_decay=2.6, keep_checkpoints=4
    )
    first = {name: v.numpy().copy() for name, v in model_variables(model).items()}
    train_on_tokens(model, encoder, splits, config, run)
    epochs = [read_weights(path) for _, path in sorted(run.checkpoints().items())]
    parts = ("classifier/kernel", "layer_1/", "layer_0/", "embedding")
    for epoch, weights in enumerate(epochs, 1):
        for number, part in enumerate(parts):
            inside = [name for name in first if part in name and "seed" not in name]
            same = [np.array_equal(first[name], weights[name]) for name in inside]
            assert same and all(same) == (number >= epoch), (epoch, part)

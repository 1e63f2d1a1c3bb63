"""Models with the classifiers of published folders give the logits of `transformers`.

The folders in published/ hold random models as `transformers` 5.24 saved them; reference.npz has
rows, of one text and of two, and the logits that it computed for them.
"""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from subjects import SUBJECTS

from kerastc import launch
from kerastc.errors import UserError
from kerastc.folders import Folders
from kerastc.models import load_encoder
from kerastc.models.loading import load_model
from kerastc.outputs.classes import head as classes
from kerastc.outputs.tags import head as tags
from kerastc.training.config import TextClassifierConfig
from kerastc.training.pair_config import PairClassifierConfig

PUBLISHED = Path(__file__).parent / "published"
CLASSES = ("negative", "neutral", "positive")  # in another order than the folders have
TAGS = ("O", "B-PER", "I-PER")
POOLINGS = {"bert": "pooler", "albert": "pooler", "roberta": "pooler", "distilbert": "first"}
WITHIN = dict.fromkeys(POOLINGS, 1e-5) | {"albert": 1e-4}


class TagConfig(TextClassifierConfig):
    task = "token-classification"


def reference(name: str, labels: tuple[str, ...]) -> tuple[dict, np.ndarray]:
    """Rows, and what `transformers` gives for them, in the order of our labels."""
    folder, kind = name.rsplit("_", 1)
    config = json.loads((PUBLISHED / folder / "config.json").read_text())
    order = [config["label2id"][label] for label in labels]
    with np.load(PUBLISHED / "reference.npz") as arrays:
        rows = {key: arrays[key] for key in ("token_ids", "padding_mask", "segment_ids")}
        if kind == "single":
            del rows["segment_ids"]
        return rows, arrays[name][..., order]


def copied(name: str, to: Path, **changed) -> Path:
    folder = shutil.copytree(PUBLISHED / name, to / name)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changed))
    return folder


def classifier(folder: Path, labels=CLASSES, config=TextClassifierConfig, **given):
    config = config(backbone=str(folder), **given)
    encoder = load_encoder(config.backbone, config.pairs)
    return classes.text_model(encoder, labels, config)


@pytest.mark.backend
@pytest.mark.parametrize("kind", POOLINGS)
def test_a_folder_s_classifier_gives_the_logits_of_transformers(kind, tmp_path):
    rows, expected = reference(f"{kind}_single", CLASSES)
    model = classifier(PUBLISHED / kind, head="backbone", pooling=POOLINGS[kind])
    np.testing.assert_allclose(model.predict(rows, verbose=0), expected, atol=WITHIN[kind])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(again.predict(rows, verbose=0), expected, atol=WITHIN[kind])


@pytest.mark.parametrize("kind", ["bert", "albert"])
def test_two_texts_have_the_logits_of_transformers(kind):
    rows, expected = reference(f"{kind}_pair", CLASSES)
    model = classifier(PUBLISHED / kind, config=PairClassifierConfig, head="backbone")
    np.testing.assert_allclose(model.predict(rows, verbose=0), expected, atol=WITHIN[kind])


@pytest.mark.parametrize("kind", ["bert", "albert"])
def test_tags_start_from_a_folder_s_classifier_of_tokens(kind):
    rows, expected = reference(f"{kind}_tokens_single", TAGS)
    config = TagConfig(backbone=str(PUBLISHED / f"{kind}_tokens"), head="backbone")
    model = tags.text_model(load_encoder(config.backbone), TAGS, config)
    found = model.predict(rows, verbose=0)
    there = rows["padding_mask"] == 1
    np.testing.assert_allclose(found[there], expected[there], atol=WITHIN[kind])


def test_a_pooler_is_that_of_the_folder_and_is_trained():
    folder = PUBLISHED / "bert"
    model = classifier(folder, pooling="pooler", trainable="head", dropout=0.0)
    pooler = model.get_layer("pooler")
    finished = classifier(folder, head="backbone")
    expected = finished.get_layer("pooler").get_weights()
    for ours, theirs in zip(pooler.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert len(model.trainable_weights) == 4  # of the pooler and of a new classifier


def test_the_pooler_of_a_keras_hub_folder_is_read(tiny):
    encoder = load_encoder(str(tiny("Bert")))
    config = TextClassifierConfig(pooling="pooler")
    model = classes.text_model(encoder, CLASSES, config)
    kernel = encoder.layer.backbone.pooled_dense.kernel
    np.testing.assert_array_equal(model.get_layer("pooler").get_weights()[0], kernel)


def test_labels_that_are_numbers_need_no_names(tmp_path):
    unnamed = {str(number): f"LABEL_{number}" for number in range(3)}
    folder = copied("bert", tmp_path, id2label=unnamed)
    rows, expected = reference("bert_single", ("positive", "negative", "neutral"))
    model = classifier(folder, ("0", "1", "2"), head="backbone")
    np.testing.assert_allclose(model.predict(rows, verbose=0), expected, atol=1e-5)


def test_other_labels_are_refused():
    message = r"bert has 3 labels \(positive, negative, neutral\), the data 2 labels \(bad, good\)"
    with pytest.raises(UserError, match=message):
        classifier(PUBLISHED / "bert", ("bad", "good"), head="backbone")


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("bert_tokens", {"head": "backbone"}, "no classifier .* BertForTokenCl"),
        ("bert_tokens", {"pooling": "pooler"}, "bert_tokens has no weights of a pooler"),
        ("distilbert", {"pooling": "pooler"}, "distilbert has no weights of a pooler"),
        (
            "bert",
            {"head": "backbone", "pooling": "first"},
            r"reads the pooler[\s\S]*pooling=pooler",
        ),
    ],
)
def test_what_a_folder_lacks_is_told(name, given, message):
    with pytest.raises(UserError, match=message):
        classifier(PUBLISHED / name, **given)


def test_a_folder_of_keras_hub_has_no_classifier(tiny):
    with pytest.raises(UserError, match="has no classifier to start from"):
        classifier(tiny("Bert"), head="backbone")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"head": "backbone", "pooling": "mean"}, "do not read the mean"),
        ({"head": "backbone", "hidden": 8}, "hidden=8 with head=backbone"),
        ({"pooling": "pooler", "hidden": 8}, "hidden=8 with pooling=pooler"),
    ],
)
def test_settings_that_the_backbone_decides_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        TextClassifierConfig(**given)


def test_a_run_goes_on_from_a_folder_s_classifier(subjects_csv, tmp_path):
    """At a rate of almost nothing, what comes out is what was in the folder."""
    words = " ".join(SUBJECTS.values()).split()[:25]
    numbered = {str(number): name for number, name in enumerate(sorted(SUBJECTS, reverse=True))}
    folder = copied("bert", tmp_path, id2label=numbered)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (folder / "vocab.txt").write_text("\n".join([*special, *words]) + "\n")
    given = [f"data={subjects_csv}", f"backbone={folder}", "head=backbone", "epochs=1"]
    folders = Folders(tmp_path / "runs", tmp_path / "cache")
    run = launch.train("text", [*given, "learning_rate=1e-9", "max_tokens=12"], folders=folders)
    config = run.read_json("config.json")["config"]
    assert (config["head"], config["pooling"]) == ("backbone", "pooler")
    labels = tuple(run.path("labels.txt").read_text().split("\n")[:-1])
    rows = reference("bert_single", CLASSES)[0]
    expected = classifier(folder, labels, head="backbone").predict(rows, verbose=0)
    found = load_model(run.path("model.keras")).predict(rows, verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-5)

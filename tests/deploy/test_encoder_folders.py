"""Runs as folders of Hugging Face's and KerasHub's, read by ourselves and by KerasHub."""

import errno
import json
import shutil
from pathlib import Path

import keras
import keras_hub
import numpy as np
import pytest
from commands import kerastc, refused
from encoder_runs import LABELS, WORDS, compressed, encoder_of, logits, rows_of, write_run

from kerastc.deploy import Signature, export
from kerastc.deploy.convert import encoder_folder
from kerastc.errors import UserError
from kerastc.models import load_encoder
from kerastc.models.loading import load_model
from kerastc.models.published_words import language_model
from kerastc.models.smaller import narrower
from kerastc.run import Run
from kerastc.tasks import TASKS
from kerastc.text.tokenizer import Tokenizer
from kerastc.training.config import TextClassifierConfig

pytestmark = pytest.mark.backend
KINDS = ["Bert", "Electra", "Roberta", "bert_words", "albert_words", "roberta_words"]


def config_of(run: Run) -> dict:
    return json.loads(run.path("exports", "huggingface", "config.json").read_text())


def states(encoder, rows) -> np.ndarray:
    model = encoder.model()
    given = {"segment_ids": np.zeros_like(rows["token_ids"]), **rows}
    found = keras.ops.convert_to_numpy(model({name: given[name] for name in model.input}))
    return found[rows["padding_mask"] == 1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_language_model_comes_back_with_its_states_and_its_head(kind, tiny, tmp_path):
    run = write_run(tmp_path / "run", WORDS, encoder_of(kind, tiny))
    signature = export(run, "huggingface")
    assert signature.parity["max_difference"] < 1e-5
    folder = run.path("exports", "huggingface")
    before, after = (load_encoder(str(one), pairs=True) for one in (run.folder, folder))
    assert after.tokenizer.same(before.tokenizer) and after.segments >= before.segments
    rows = rows_of(before, pairs=before.segments)
    np.testing.assert_allclose(states(after, rows), states(before, rows), atol=1e-5)
    again, own = language_model(after, seed=0)
    assert own
    expected = logits(load_model(run.path("model.keras")), rows)
    np.testing.assert_allclose(logits(again, rows), expected, atol=1e-4)


@pytest.mark.parametrize(("kind", "pooling"), [("bert_words", "pooler"), ("DistilBert", "first")])
def test_a_classifier_comes_back_as_head_of_the_backbone(kind, pooling, tiny, tmp_path):
    encoder = encoder_of("bert" if pooling == "pooler" else kind, tiny)
    task = "text-classification"
    run = write_run(tmp_path / "run", task, encoder, pooling=pooling)
    export(run, "huggingface")
    assert config_of(run)["id2label"] == dict(zip("012", LABELS, strict=True))
    folder = str(run.path("exports", "huggingface"))
    config = TextClassifierConfig(backbone=folder, head="backbone", pooling=pooling)
    loaded = load_encoder(folder)
    again = TASKS[task].output_part("head").text_model(loaded, LABELS[::-1], config)
    rows = rows_of(loaded, pairs=False)
    expected = load_model(run.path("model.keras")).predict_on_batch(rows)
    np.testing.assert_allclose(again.predict_on_batch(rows)[:, ::-1], expected, atol=1e-4)


def test_keras_hub_reads_a_distilbert_of_hugging_face(tiny, tmp_path):
    """With a reader of its own, which knows neither ours nor `transformers`."""
    run = write_run(tmp_path / "run", "token-classification", tiny("DistilBert"), compressed)
    export(run, "huggingface")
    assert config_of(run)["architectures"] == ["DistilBertForTokenClassification"]
    backbone = keras_hub.models.Backbone.from_preset(str(run.path("exports", "huggingface")))
    encoder = load_encoder(str(run.folder))
    rows = rows_of(encoder, pairs=False)
    found = keras.ops.convert_to_numpy(backbone(rows))[rows["padding_mask"] == 1]
    np.testing.assert_allclose(found, states(encoder, rows), atol=1e-5)


@pytest.mark.parametrize("format", ["huggingface", "keras-hub"])
def test_what_was_removed_is_filled_up(format, tiny, tmp_path):
    run = write_run(tmp_path / "run", WORDS, tiny("DistilBert"), compressed)
    notes = export(run, format).notes
    assert any("is filled up with zeros, and factors are multiplied" in note for note in notes)
    before = load_encoder(str(run.folder))
    after = load_encoder(str(run.path("exports", format)))
    sizes = [sum(np.prod(w.shape) for w in one.model().weights) for one in (before, after)]
    assert sizes[0] < sizes[1]
    rows = rows_of(before, pairs=False)
    np.testing.assert_allclose(states(after, rows), states(before, rows), atol=1e-5)


BACKBONES = {
    "DistilBert": "DistilBert",
    "DebertaV3": "DebertaV3",
    "bert_words": "DistilBert",  # the first segment is part of the positions
    "roberta_words": "Roberta",
    "albert_words": "Albert",
}


@pytest.mark.parametrize("kind", BACKBONES)
def test_a_preset_gives_the_same_states(kind, tiny, tmp_path):
    run = write_run(tmp_path / "run", WORDS, encoder_of(kind, tiny))
    signature = export(run, "keras-hub")
    folder = str(run.path("exports", "keras-hub"))
    backbone = keras_hub.models.Backbone.from_preset(folder)
    assert type(backbone).__name__ == f"{BACKBONES[kind]}Backbone" and backbone.trainable
    assert {tensor.name for tensor in signature.inputs} == set(backbone.input)
    encoder = load_encoder(str(run.folder), pairs=True)
    rows = rows_of(encoder, pairs=False)
    given = {"segment_ids": np.zeros_like(rows["token_ids"]), **rows}
    found = backbone({name: given[name] for name in backbone.input})
    found = found["sequence_output"] if isinstance(found, dict) else found
    found = keras.ops.convert_to_numpy(found)[rows["padding_mask"] == 1]
    np.testing.assert_allclose(found, states(encoder, rows), atol=1e-5)
    assert load_encoder(folder).tokenizer.vocabulary_size == encoder.tokenizer.vocabulary_size


def test_a_preset_of_pairs_says_how_far_it_is_off(tiny, tmp_path):
    """No backbone has segments and the exact GELU."""
    encoder = encoder_of("bert_words", tiny)
    signature = export(write_run(tmp_path / "run", "question-answering", encoder), "keras-hub")
    assert signature.parity["tolerance"] is None
    assert 1e-5 < signature.parity["max_difference"] < 0.05
    said = " ".join(signature.notes)
    assert "KerasHub's BertBackbone has GELU's approximation and norms of epsilon 1e-12" in said
    assert f"A state differs by up to {signature.parity['max_difference']:.2g}." in said


def test_a_preset_has_the_tokenizer_that_keras_hub_can_have(tiny, tmp_path):
    run = write_run(tmp_path / "run", WORDS, tiny("Bert"))
    export(run, "keras-hub")
    folder = str(run.path("exports", "keras-hub"))
    made = keras_hub.tokenizers.Tokenizer.from_preset(folder)
    assert type(made).__name__ == "BertTokenizer" and made.lowercase and made.strip_accents
    texts = ["The Café, sat! [MASK] [UNK] 東京", "a mat#"]
    ours = load_encoder(str(run.folder)).tokenizer.encode(texts, 64)
    assert [[2, *np.asarray(made(text)), 3] for text in texts] == [list(row.ids) for row in ours]
    prepared = keras_hub.models.TextClassifierPreprocessor.from_preset(folder, sequence_length=12)
    assert list(np.asarray(prepared(texts[1])["token_ids"]))[:5] == list(ours[1].ids)


def test_byte_pairs_have_a_tokenizer_of_keras_hub_and_unigrams_none(tiny, tmp_path):
    run = write_run(tmp_path / "bytes", WORDS, tiny("Roberta"))
    export(run, "keras-hub")
    made = keras_hub.tokenizers.Tokenizer.from_preset(str(run.path("exports", "keras-hub")))
    text = "the cat, 1234 caf\u00e9"
    [ours] = load_encoder(str(run.folder)).tokenizer.encode([text], 64)
    assert type(made).__name__ == "RobertaTokenizer"
    assert [0, *np.asarray(made(text)), 2] == list(ours.ids)
    run = write_run(tmp_path / "unigrams", WORDS, tiny("XLMRoberta"))
    assert "KerasHub has no tokenizer for its Unigram" in export(run, "keras-hub").notes[-1]
    ours = Tokenizer.read(run.path("tokenizer"))
    assert Tokenizer.read(run.path("exports", "keras-hub")).same(ours)


@pytest.mark.parametrize("given", [{}, {"pooling": "first", "hidden": 9}])
def test_a_head_that_no_class_has_leaves_the_encoder_alone(given, tiny, tmp_path):
    """The mean of the tokens, or more units than DistilBERT's head has."""
    run = write_run(tmp_path / "run", "text-classification", tiny("DistilBert"), **given)
    notes = export(run, "huggingface").notes
    why = "its head has 9 units, its encoder 8" if given else "it reads the mean of the tokens"
    assert f"It holds the encoder alone. No Auto class has the run's head: {why}" in notes[1]
    config = config_of(run)
    assert config["architectures"] == ["DistilBertModel"] and "id2label" not in config
    before, after = (
        load_encoder(str(one)) for one in (run.folder, run.path("exports", "huggingface"))
    )
    rows = rows_of(before, pairs=False)
    np.testing.assert_allclose(states(after, rows), states(before, rows), atol=1e-5)


def test_other_reasons_for_the_encoder_alone(tiny, tmp_path, monkeypatch):
    encoder = tiny("Bert")
    run = write_run(tmp_path / "documents", "document-classification", encoder, window=8)
    assert "it reads a document in windows" in export(run, "huggingface").notes[1]
    run = write_run(tmp_path / "pairs", "pair-classification", encoder, pooling="first")
    assert "but not of an encoder with segments" in export(run, "huggingface").notes[1]

    with monkeypatch.context() as patched:  # an output that has no such module
        patched.setattr("kerastc.tasks.Task.optional_output_part", lambda *_: None)
        assert "it has none for such answers" in export(run, "huggingface").notes[1]

    def older(model):  # its head was made with another activation
        model.get_layer("word_dense").activation = keras.activations.gelu
        return model

    run = write_run(tmp_path / "words", WORDS, encoder, older)
    assert "the activation gelu and the epsilon 1e-12" in export(run, "huggingface").notes[1]


def test_a_folder_takes_its_place_only_as_a_whole(tiny, tmp_path, monkeypatch):
    run = write_run(tmp_path / "run", WORDS, tiny("DistilBert"))
    first = export(run, "huggingface")
    content = run.path("exports", "huggingface", "model.safetensors").read_bytes()
    assert export(run, "huggingface") == first  # the same bytes again
    monkeypatch.setattr(encoder_folder, "TOLERANCES", {"float32": -1.0})
    with pytest.raises(UserError, match="not the same as the Keras model: a state differs by 0"):
        export(run, "huggingface")
    assert {path.name for path in run.path("exports").iterdir()} == {
        "huggingface",
        "huggingface.json",
    }
    assert run.path("exports", "huggingface", "model.safetensors").read_bytes() == content
    told = Signature.read(run.path("exports", "huggingface.json"))
    told.verify()
    assert told == first and told.classes == ("word",)


def test_what_is_no_earlier_export_is_not_replaced(tiny, tmp_path):
    run = write_run(tmp_path / "run", WORDS, tiny("DistilBert"))
    first = export(run, "huggingface")
    mine = run.path("exports", "huggingface", "more", "mine.txt")
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(UserError, match=r"huggingface holds more/mine\.txt, which the export"):
        export(run, "huggingface")
    assert mine.read_text() == "mine"
    assert Signature.read(run.path("exports", "huggingface.json")) == first
    run.path("exports", "keras-hub").write_text("mine")
    with pytest.raises(UserError, match="keras-hub is to be a folder, but there is a file"):
        export(run, "keras-hub")
    assert run.path("exports", "keras-hub").read_text() == "mine"


@pytest.mark.parametrize("format", ["huggingface", "keras-hub"])
def test_a_full_disk_is_told_in_a_line(format, tiny, tmp_path, monkeypatch):
    run = write_run(tmp_path / "run", WORDS, tiny("DistilBert"))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 0))
    said = refused("export", run.folder, "--format", format)
    assert "Error: No space left on device" in said and "Make room" in said
    assert not any(run.path("exports").iterdir())


def test_what_is_no_encoder_is_refused_in_a_line(tiny, tmp_path, run_of_images):
    run = write_run(tmp_path / "run", "text-classification", tiny("DistilBert"))

    def said(*words, of=run):
        return refused("export", of.folder, "--format", "huggingface", *words)

    assert "is of images: it has no text encoder" in said(of=run_of_images)
    for option in ("batch=1", "length=8", "quantization=int8", "names=hugging-face", "exclude=x"):
        name, value = option.split("=")
        told = said(f"--{name}", value)
        assert f"--{name} {value} has no effect with --format huggingface" in told
    assert "devices, which run no huggingface. Add --format litert or onnx" in said("--bundle")
    run.write_json("config.json", {"steps": ["quantize:int8"], "parent": {"run": "RUN"}})
    assert "was compressed to quantize:int8" in said()
    run.write_json("config.json", {"recipe": "text"})
    run.path("model.keras").unlink()
    assert f"{run.path('model.keras')} is missing" in said()
    assert not run.path("exports").exists()


@pytest.mark.parametrize("format", ["huggingface", "keras-hub"])
def test_heads_that_are_wider_than_the_vectors_are_refused(format, tiny, tmp_path):
    folder = encoder_of("bert_words", tiny)
    run = write_run(tmp_path / "run", WORDS, folder, lambda model: narrower(model, 6))
    with pytest.raises(UserError, match=r"(?s)heads of width 4 are wider than its vectors.*onnx"):
        export(run, format)
    assert not list(run.path("exports").iterdir())


def test_a_folder_is_told_from_a_run_and_from_a_file_for_devices(tiny, tmp_path):
    run = write_run(tmp_path / "run", WORDS, tiny("DistilBert"))
    assert "AutoModelForMaskedLM" in kerastc("export", run.folder, "--format", "huggingface")
    folder = run.path("exports", "huggingface")
    assert "is no run: its config.json is that of a model. Train on it" in refused(
        "predict", folder, "a"
    )
    assert "only litert, onnx run here" in refused("benchmark", f"{folder}.json")
    assert "exported to litert" in refused("export", run.folder)


def test_texts_that_are_prepared_are_said_to_be(tiny, tmp_path):
    run = write_run(tmp_path / "run", "token-classification", tiny("DistilBert"))
    settings = run.read_json("preprocessing.json")
    settings["preparation"] |= {"lowercase": True, "punctuation": False}
    run.write_json("preprocessing.json", settings)
    assert (
        "prepares texts before its tokenizer: lowercase=true, punctuation=false"
        in (export(run, "huggingface").notes[-1])
    )

import json
import shutil
import socket

import keras
import numpy as np
import pytest

from kerastc.errors import UserError
from kerastc.models.encoders import load_encoder

KINDS = ["DistilBert", "Bert", "Electra", "Roberta", "Albert", "XLMRoberta", "DebertaV3"]
TEXTS = ["the cat sat on a mat", "a dog"]


@pytest.fixture
def copy(tiny_encoder, tmp_path):
    """A folder of one's own to damage, as KerasHub wrote it."""
    return shutil.copytree(tiny_encoder, tmp_path / "copy")


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """A machine without a network, as the hubs' clients see it."""

    def refuse(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.backend
@pytest.mark.parametrize("kind", KINDS)
def test_every_architecture_gives_a_vector_a_token(tiny, kind):
    encoder = load_encoder(str(tiny(kind)))
    batch = encoder.tokenizer.pad(encoder.encode(TEXTS, 20), length=20)
    assert encoder.model().predict(batch, verbose=0).shape == (2, 20, encoder.width)
    assert (encoder.width, encoder.max_length) == (8, 32)
    assert len(encoder.layer.blocks) == (1 if kind == "Albert" else 3)


@pytest.mark.backend
@pytest.mark.parametrize("kind", ["DistilBert", "Bert", "DebertaV3"])
def test_padding_changes_no_token(tiny, kind):
    encoder = load_encoder(str(tiny(kind)))
    rows = encoder.encode(TEXTS[:1], 20)
    short, long = (encoder.tokenizer.pad(rows, n) for n in (len(rows[0]), 20))
    model = encoder.model()
    expected = model.predict(short, verbose=0)
    output = model.predict(long, verbose=0)[:, : len(rows[0])]
    np.testing.assert_allclose(output, expected, atol=1e-5)


def test_inputs_have_stable_names(tiny):
    assert set(load_encoder(str(tiny("Bert"))).model().input) == {"token_ids", "padding_mask"}


def test_fingerprint_is_that_of_the_weights(tiny_encoder, copy):
    expected = load_encoder(str(tiny_encoder)).fingerprint
    encoder = load_encoder(str(copy))
    assert encoder.fingerprint == expected
    bias = encoder.layer.blocks[-1]._feedforward_output_dense.bias
    bias.assign(keras.ops.convert_to_numpy(bias) + 1e-6)
    encoder.layer.backbone.save_weights(copy / "model.weights.h5")
    assert load_encoder(str(copy)).fingerprint != expected


def test_text_longer_than_the_positions_is_refused(tiny):
    with pytest.raises(
        UserError, match=r"at most 32 tokens at once, not 33\.\s+Give max_tokens=32"
    ):
        load_encoder(str(tiny("Bert"))).encode(TEXTS, 33)


def test_misspelled_name_is_met_with_the_nearest():
    with pytest.raises(UserError, match="Did you mean minilm") as error:
        load_encoder("minlim")
    assert "distil_bert_base_en_uncased" in error.value.hint
    with pytest.raises(UserError, match="distil_bert_base_en_uncased"):
        load_encoder("distilbert_base_en_uncased")


def test_presets_of_other_kinds_are_not_offered():
    with pytest.raises(UserError) as error:
        load_encoder("resnet_50_imagenet")
    assert "gpt2" not in error.value.hint


def test_missing_folder_is_named():
    with pytest.raises(UserError, match=r"There is no folder \./nowhere/model"):
        load_encoder("./nowhere/model")


def test_what_is_no_encoder_is_said_to_be_none(tmp_path):
    with pytest.raises(UserError, match=r"is no encoder: it has no config\.json"):
        load_encoder(str(tmp_path))
    (tmp_path / "texts.txt").write_text("a text")
    with pytest.raises(UserError, match=r"texts\.txt is a file"):
        load_encoder(str(tmp_path / "texts.txt"))


@pytest.mark.parametrize(
    "name", ["distil_bert_base_en_uncased", "hf://organisation/a-model", "kaggle://a/b/keras/c"]
)
def test_without_a_network_the_way_on_is_named(offline, name):
    with pytest.raises(UserError) as error:
        load_encoder(name)
    assert name in error.value.message
    assert "backbone=minilm" in error.value.hint


@pytest.mark.parametrize("name", ["hf://not a name", "kaggle://too/short"])
def test_malformed_handles_are_refused(offline, name):
    with pytest.raises(UserError, match="Cannot load"):
        load_encoder(name)


@pytest.mark.parametrize(
    "file", ["config.json", "model.weights.h5", "tokenizer.json", "assets/tokenizer/vocabulary.txt"]
)
def test_missing_files_are_named(copy, file):
    (copy / file).unlink()
    with pytest.raises(UserError, match=file.split("/")[-1]):
        load_encoder(str(copy))


@pytest.mark.parametrize("file", ["config.json", "model.weights.h5", "tokenizer.json"])
def test_truncated_files_are_refused(copy, file):
    content = (copy / file).read_bytes()
    (copy / file).write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"damaged|cannot be read"):
        load_encoder(str(copy))


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "vocab.txt"])
def test_missing_hugging_face_files_are_named(hugging_face, file):
    (hugging_face / file).unlink()
    with pytest.raises(UserError, match=file):
        load_encoder(str(hugging_face))


def test_truncated_safetensors_are_refused(hugging_face):
    weights = hugging_face / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(UserError, match="cannot be read"):
        load_encoder(str(hugging_face))


def test_weights_of_another_shape_are_refused(hugging_face):
    config = json.loads((hugging_face / "config.json").read_text())
    (hugging_face / "config.json").write_text(json.dumps(config | {"intermediate_size": 32}))
    with pytest.raises(UserError, match="cannot be read"):
        load_encoder(str(hugging_face))


def test_pickled_weights_are_not_read(hugging_face):
    (hugging_face / "model.safetensors").rename(hugging_face / "pytorch_model.bin")
    with pytest.raises(UserError, match="safe_serialization=True"):
        load_encoder(str(hugging_face))


def test_types_that_keras_hub_does_not_convert_are_refused(hugging_face):
    config = json.loads((hugging_face / "config.json").read_text())
    config["model_type"] = "gpt2"
    (hugging_face / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=r"'gpt2'[\s\S]*Allowed: albert, bert"):
        load_encoder(str(hugging_face))


def test_other_architectures_are_refused(copy):
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"class_name": "GPT2Backbone"}))
    with pytest.raises(UserError, match="is a GPT2Backbone, no text encoder"):
        load_encoder(str(copy))


def test_tokenizer_of_another_model_is_refused(copy):
    vocabulary = copy / "assets" / "tokenizer" / "vocabulary.txt"
    vocabulary.write_text(vocabulary.read_text("utf-8") + "further\n", "utf-8")
    with pytest.raises(UserError, match="do not belong together"):
        load_encoder(str(copy))


@pytest.mark.backend
def test_minilm_is_loaded_by_default(minilm):
    encoder = load_encoder()
    assert (encoder.width, encoder.max_length, len(encoder.layer.blocks)) == (
        384,
        512,
        6,
    )
    assert type(encoder.layer.backbone).__name__ == "DistilBertBackbone"

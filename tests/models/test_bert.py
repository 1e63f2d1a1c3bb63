import json

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file
from scipy.special import erf, softmax

from kerastc.models.encoders import load_encoder

TEXTS = ["the cat sat on a mat", "a dog ran in the sun and sat", "mat"]


def bert(folder, token_ids, padding_mask):
    """The sequence output of BERT in float64, written after Devlin et al. 2018, section 3."""
    config = json.loads((folder / "config.json").read_text())
    weights = {}
    for name, value in load_file(folder / "model.safetensors").items():
        name = name.removeprefix("bert.").replace("gamma", "weight").replace("beta", "bias")
        weights[name] = value.astype("float64")

    def dense(x, name):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def heads(x):
        return x.reshape(*x.shape[:2], config["num_attention_heads"], -1).transpose(0, 2, 1, 3)

    batch, length = token_ids.shape
    x = weights["embeddings.word_embeddings.weight"][token_ids]
    x = x + weights["embeddings.position_embeddings.weight"][:length]
    x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    hidden = np.where(padding_mask[:, None, None, :] == 1, 0, -np.inf)
    for i in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{i}"
        query, key, value = (
            heads(dense(x, f"{layer}.attention.self.{name}")) for name in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.sqrt(query.shape[-1]) + hidden
        attended = (softmax(scores, -1) @ value).transpose(0, 2, 1, 3).reshape(batch, length, -1)
        attended = dense(attended, f"{layer}.attention.output.dense")
        x = norm(x + attended, f"{layer}.attention.output.LayerNorm")
        inner = dense(x, f"{layer}.intermediate.dense")
        inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
        x = norm(x + dense(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    return x


def largest_difference(ours, folder, batch):
    expected = bert(folder, **batch)
    return np.abs(ours - expected)[batch["padding_mask"] == 1].max()


@pytest.mark.backend
def test_minilm_equals_bert_computed_by_hand(minilm):
    encoder = load_encoder("minilm")
    batch = encoder.tokenizer.pad(encoder.encode(TEXTS, 64))
    output = encoder.model().predict(batch, verbose=0)
    assert largest_difference(output, minilm, batch) < 1e-5


@pytest.mark.backend
def test_hugging_face_folder_with_old_names_equals_bert_computed_by_hand(hugging_face):
    encoder = load_encoder(str(hugging_face))
    batch = encoder.tokenizer.pad(encoder.encode(TEXTS, 16))
    output = encoder.model().predict(batch, verbose=0)
    assert largest_difference(output, hugging_face, batch) < 1e-5


def test_keras_hub_takes_another_gelu(minilm):
    # Why we read BERT ourselves. When this fails, KerasHub's BertBackbone may serve after all.
    import keras_hub

    theirs = keras_hub.models.BertBackbone.from_preset(str(minilm))
    tokens = np.array([[101, 7592, 2088, 999, 102]])
    batch = {"token_ids": tokens, "padding_mask": np.ones_like(tokens)}

    def error():
        inputs = batch | {"segment_ids": np.zeros_like(tokens)}
        output = theirs(inputs)["sequence_output"]
        return largest_difference(keras.ops.convert_to_numpy(output), minilm, batch)

    assert 3e-4 < error() < 1e-2
    for layer in theirs.transformer_layers:
        layer._feedforward_intermediate_dense.activation = keras.activations.gelu
    assert error() < 1e-5

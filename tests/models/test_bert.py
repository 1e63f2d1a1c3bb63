import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tokenizers
from safetensors.numpy import load_file, save_file
from scipy.special import erf, softmax
from tokenizers import models, processors

from kerastc.errors import UserError
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


TINY = Path(__file__).parent / "tiny_bert"
VARIANTS = {
    "gelu": {},
    "gelu_new": {"hidden_act": "gelu_new", "layer_norm_eps": 1e-5},
    "relu": {"hidden_act": "relu", "layer_norm_eps": 1e-3},
}


@pytest.fixture(params=VARIANTS)
def published(request, tmp_path):
    """A random BERT as `transformers` 5.24 saved it, and the hidden states that it computed.

    Of the same weights under three configurations, each of one text and of two: `BertModel` with
    the arrays token_ids, padding_mask and segment_ids of reference.npz.
    """
    folder = shutil.copytree(TINY, tmp_path / "bert")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | VARIANTS[request.param]))
    with np.load(TINY / "reference.npz") as arrays:
        states = {kind: arrays[f"{request.param}_{kind}"] for kind in ("single", "pair")}
        names = ("token_ids", "padding_mask", "segment_ids")
        return folder, {name: arrays[name] for name in names}, states


def error(model, batch, expected):
    output = model.predict(batch, verbose=0)
    return np.abs(output - expected)[batch["padding_mask"] == 1].max()


@pytest.mark.backend
def test_one_text_has_the_hidden_states_of_transformers(published):
    folder, batch, expected = published
    model = load_encoder(str(folder)).model()
    del batch["segment_ids"]
    assert set(model.input) == set(batch)  # segment 0 costs nothing
    assert error(model, batch, expected["single"]) < 1e-5


@pytest.mark.backend
def test_a_pair_has_the_hidden_states_of_transformers(published, tmp_path):
    folder, batch, expected = published
    encoder = load_encoder(str(folder), pairs=True)
    assert encoder.segments
    model = encoder.model()
    assert error(model, batch, expected["pair"]) < 1e-5
    model.save(tmp_path / "pair.keras")
    loaded = keras.saving.load_model(tmp_path / "pair.keras", safe_mode=True)
    assert error(loaded, batch, expected["pair"]) < 1e-5
    single = batch | {"segment_ids": 0 * batch["segment_ids"]}
    assert error(model, single, expected["single"]) < 1e-5


def test_weights_spread_over_files_are_one_model(published):
    folder, batch, expected = published
    weights = load_file(folder / "model.safetensors")
    parts = {"a.safetensors": {}, "b.safetensors": {}}
    where = {name: sorted(parts)[i % 2] for i, name in enumerate(weights)}
    for name, array in weights.items():
        parts[where[name]][name] = array
    for name, part in parts.items():
        save_file(part, folder / name)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": where}))
    (folder / "model.safetensors").unlink()
    model = load_encoder(str(folder), pairs=True).model()
    assert error(model, batch, expected["pair"]) < 1e-5
    index.write_text(json.dumps({"weight_map": {"x": "../../elsewhere"}}))
    with pytest.raises(UserError, match="lacks elsewhere"):
        load_encoder(str(folder))


@pytest.mark.parametrize(
    "changed", [{"hidden_act": "swish"}, {"position_embedding_type": "relative_key"}]
)
def test_a_bert_of_another_kind_is_refused(hugging_face, changed):
    path = hugging_face / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    with pytest.raises(UserError, match=str(next(iter(changed.values())))):
        load_encoder(str(hugging_face))


@pytest.mark.parametrize(
    "name",
    [
        "intfloat/multilingual-e5-small",
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
    ],
)
def test_a_bert_with_xlm_r_tokens_is_read_from_the_hub_cache(
    published, name, monkeypatch, tmp_path
):
    """Its tokenizer.json is Unigram, and gives the second text no segment of its own."""
    folder, batch, expected = published
    words = (folder / "vocab.txt").read_text().split()
    (folder / "vocab.txt").unlink()
    engine = tokenizers.Tokenizer(models.Unigram([(word, -1.0) for word in words], unk_id=1))
    engine.add_special_tokens(["[CLS]", "[SEP]"])
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    engine.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", "[CLS] $A [SEP] [SEP] $B [SEP]", ends
    )
    engine.save(str(folder / "tokenizer.json"))
    cached = tmp_path / "hub" / f"models--{name.replace('/', '--')}"
    shutil.copytree(folder, cached / "snapshots" / "0123")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0123")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    encoder = load_encoder(f"hf://{name}", pairs=True)
    assert not encoder.segments
    assert encoder.encode(["cat"], 8, ["dog"]).ids[0].tolist() == [2, 6, 3, 3, 12, 3]
    del batch["segment_ids"]
    assert error(encoder.model(), batch, expected["single"]) < 1e-5

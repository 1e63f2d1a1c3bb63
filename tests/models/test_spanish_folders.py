"""Models of Spanish and of many languages, in folders and caches laid out as they are published.

beto_ids.json has the ids that `transformers` 5.24 gives for its texts: with its own small
vocabulary, uncased and cased, and with the vocabulary of BETO cased.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants
from safetensors.numpy import load_file, save_file
from tiny_presets import sentence_piece_proto, sentence_pieces

from kerastc.errors import UserError
from kerastc.models import load_encoder
from kerastc.models.tokenizer_file import read_tokenizer

PUBLISHED = Path(__file__).parent / "published"
IDS = json.loads(Path(__file__).with_name("beto_ids.json").read_text("utf-8"))
BETO = Path(__file__).parents[3] / "shared" / "data" / "spanish" / "beto_cased_vocab.txt"
TABLE = "{}.embeddings.word_embeddings.weight"


def model_folder(folder: Path, kind: str, rows: int) -> Path:
    """A random model of so many tokens, without a tokenizer."""
    folder.mkdir(parents=True)
    weights = load_file(PUBLISHED / kind / "model.safetensors")
    name = TABLE.format(kind)
    weights[name] = np.resize(weights[name], (rows, weights[name].shape[1]))
    save_file(weights, folder / "model.safetensors")
    config = json.loads((PUBLISHED / kind / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": rows}))
    return folder


def with_word_pieces(folder: Path, vocabulary: list[str], **options) -> Path:
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(options))
    return folder


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """`hub(name)`: the folder of a model in the cache of a machine without a network."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("socket.getaddrinfo", None)

    def snapshot(name: str) -> Path:
        model = tmp_path / "hub" / f"models--{name.replace('/', '--')}"
        (model / "refs").mkdir(parents=True)
        (model / "refs" / "main").write_text("abc")
        return model / "snapshots" / "abc"

    return snapshot


@pytest.mark.parametrize(
    ("name", "kind", "lowercase"),
    [
        ("dccuchile/bert-base-spanish-wwm-uncased", "bert", True),
        ("dccuchile/bert-base-spanish-wwm-cased", "bert", False),
        ("dccuchile/distilbert-base-spanish-uncased", "distilbert", True),
    ],
)
def test_beto_is_read_from_the_hub_s_cache_with_its_accents(hub, name, kind, lowercase):
    folder = model_folder(hub(name), kind, len(IDS["vocabulary"]))
    with_word_pieces(folder, IDS["vocabulary"], do_lower_case=lowercase, strip_accents=False)
    encoder = load_encoder(f"hf://{name}")
    rows = encoder.encode(IDS["texts"], 32)
    assert [row.tolist() for row in rows.ids] == IDS["uncased" if lowercase else "cased"]
    accented, plain = (encoder.encode([text], 8).ids[0].tolist() for text in ("camión", "camion"))
    assert accented != plain
    assert encoder.tokenizer.unknown_id not in accented
    states = encoder.model().predict(encoder.pad(rows), verbose=0)
    assert np.isfinite(states).all()


def test_the_vocabulary_of_beto_gives_the_ids_of_transformers(tmp_path):
    if not BETO.is_file():
        pytest.skip(f"{BETO} is not there")
    words = BETO.read_text("utf-8").split("\n")[:-1]
    tokenizer = read_tokenizer(
        with_word_pieces(tmp_path, words, do_lower_case=False, strip_accents=False)
    )
    rows = tokenizer.encode(IDS["texts"], 64)
    assert [row.tolist() for row in rows.ids] == IDS["beto_cased"]


@pytest.mark.parametrize(
    "name",
    [
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        "intfloat/multilingual-e5-small",
    ],
)
def test_a_bert_with_the_pieces_of_xlm_r_is_read_from_the_hub_s_cache(hub, name):
    tokenizer = sentence_pieces("XLMRoberta")
    folder = model_folder(hub(name), "bert", tokenizer.vocabulary_size)
    tokenizer.save(folder)
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "XLMRobertaTokenizer"}')
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    encoder = load_encoder(f"hf://{name}", pairs=True)
    assert encoder.tokenizer.described() == tokenizer.described()
    rows = encoder.encode(["the cat"], 16, ["a mat"])
    assert not encoder.segments  # its two texts are of one segment
    assert encoder.model().predict(encoder.pad(rows), verbose=0).shape == (1, len(rows[0]), 8)


def test_an_albert_is_read_from_the_hub_s_cache_with_its_pieces(hub):
    proto = sentence_piece_proto("unigram")
    folder = model_folder(hub("dccuchile/albert-tiny-spanish"), "albert", 22)
    (folder / "spiece.model").write_bytes(proto)
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true, "keep_accents": true}')
    encoder = load_encoder("hf://dccuchile/albert-tiny-spanish")
    lower, upper = (encoder.encode([text], 16).ids[0].tolist() for text in ("the cat", "The CAT"))
    assert lower == upper
    assert encoder.layer.shared
    assert len(encoder.layer.blocks) == 1


def test_pickled_weights_are_refused_with_a_way_to_convert_them(hub, tmp_path):
    folder = hub("dccuchile/bert-base-spanish-wwm-uncased")
    shutil.copytree(PUBLISHED / "bert", folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    for name in ("hf://dccuchile/bert-base-spanish-wwm-uncased", str(folder)):
        with pytest.raises(UserError, match=r"model\.safetensors[\s\S]*safe_serialization=True"):
            load_encoder(name)

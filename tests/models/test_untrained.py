"""Encoders from a config.json and a tokenizer alone, of any size."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from kerastc.errors import UserError
from kerastc.models import load_encoder
from kerastc.models.albert import albert
from kerastc.models.untrained import untrained

PUBLISHED = Path(__file__).parent / "published"
VOCABULARY, POSITIONS, NARROW = 31_000, 512, 128
# Cañete et al. 2022, ALBETO and DistilBETO: width, feed-forward, layers, heads, millions of
# parameters with the pooler.
SIZES = {
    "tiny": (312, 1248, 4, 12, 5),
    "base": (768, 3072, 12, 12, 12),
    "large": (1024, 4096, 24, 16, 18),
    "xlarge": (2048, 8192, 24, 16, 59),
    "xxlarge": (4096, 16384, 12, 64, 223),
}


def config_of(size: str) -> dict:
    width, inner, layers, heads, _ = SIZES[size]
    return dict(
        model_type="albert",
        vocab_size=VOCABULARY,
        embedding_size=NARROW,
        hidden_size=width,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        max_position_embeddings=POSITIONS,
        type_vocab_size=2,
    )


LARGE = [pytest.param(size, marks=pytest.mark.slow) for size in ("xlarge", "xxlarge")]


@pytest.mark.parametrize("size", ["tiny", "base", *LARGE])
def test_an_albert_of_each_size_has_the_parameters_that_were_published(size):
    config = config_of(size)
    encoder = albert(untrained(config), config, segments=True)
    width, _, layers, _, millions = SIZES[size]
    pooler = (width + 1) * width
    assert round((encoder.count_params() + pooler) / 1e6) == millions
    assert (len(encoder.blocks), len(encoder.runs), encoder.width) == (1, layers, width)


@pytest.mark.parametrize("kind", ["bert", "albert", "albert_tokens", "distilbert", "roberta"])
def test_a_folder_without_weights_gives_the_same_encoder_each_time(kind, tmp_path):
    shutil.copytree(PUBLISHED / kind, tmp_path / kind)
    published = load_encoder(str(tmp_path / kind))
    (tmp_path / kind / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"lacks model\.safetensors"):
        load_encoder(str(tmp_path / kind))
    encoder, again = (load_encoder(str(tmp_path / kind), random=True) for _ in range(2))
    assert encoder.fingerprint == again.fingerprint != published.fingerprint
    shapes = [[tuple(w.shape) for w in e.layer.weights] for e in (encoder, published)]
    assert shapes[0] == shapes[1]
    table = encoder.layer.tokens.get_weights()[0]
    assert np.std(table) == pytest.approx(0.02, rel=0.2)
    rows = encoder.encode(["the cat", "a dog ran"], 8)
    assert np.isfinite(encoder.model().predict(encoder.pad(rows), verbose=0)).all()


def test_random_weights_bring_no_pooler_and_no_classifier():
    assert load_encoder(str(PUBLISHED / "bert"), random=True).folder is None


def test_encoders_without_a_config_of_hugging_face_have_no_random_weights(tiny):
    for name in ("e5", str(tiny("Bert")), "distil_bert_base_en_uncased"):
        with pytest.raises(UserError, match=r"weights=random is not possible"):
            load_encoder(name, random=True)


def test_a_config_that_lacks_a_size_is_told(tmp_path):
    shutil.copytree(PUBLISHED / "bert", tmp_path / "bert")
    path = tmp_path / "bert" / "config.json"
    config = json.loads(path.read_text())
    del config["vocab_size"]
    path.write_text(json.dumps(config))
    with pytest.raises(UserError, match="cannot be read: KeyError: 'vocab_size'"):
        load_encoder(str(path.parent), random=True)

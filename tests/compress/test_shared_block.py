"""ALBERT's shared block under compression: counted once, cut inside, never left out as a layer."""

import json
from pathlib import Path

import numpy as np
import pytest

from kerastc import launch
from kerastc.compress import compress
from kerastc.compress.masks.kernels import prunable
from kerastc.compress.search.axes import space_of
from kerastc.errors import UserError
from kerastc.models import compact, encoder_layer, load_encoder, sequence_classifier
from kerastc.models.loading import load_model
from kerastc.models.low_rank import LowRankDense
from kerastc.tasks import TASKS

WIDTH, INNER, NARROW, LAYERS = 16, 32, 8, 6
BLOCK = 4 * (WIDTH + 1) * WIDTH + 4 * WIDTH + (WIDTH + 1) * INNER + (INNER + 1) * WIDTH


@pytest.fixture(scope="module")
def albert(tiny_encoder, tmp_path_factory) -> Path:
    """A folder of a random ALBERT with the tokenizer of the tiny encoder."""
    import keras
    import keras_hub

    tokenizer = load_encoder(str(tiny_encoder)).tokenizer
    keras.utils.set_random_seed(3)
    backbone = keras_hub.models.AlbertBackbone(
        vocabulary_size=tokenizer.vocabulary_size,
        **dict(num_layers=LAYERS, num_heads=2, embedding_dim=NARROW, hidden_dim=WIDTH),
        intermediate_dim=INNER,
        max_sequence_length=64,
    )
    folder = tmp_path_factory.mktemp("albert") / "encoder"
    backbone.save_to_preset(str(folder))
    tokenizer.save(folder)
    return folder


@pytest.fixture(scope="module")
def trained(albert, subjects_csv, folders) -> Path:
    words = [f"data={subjects_csv}", f"backbone={albert}", "trainable=all", "epochs=1"]
    words += ["learning_rate=5e-3", "batch_size=16", "max_tokens=12"]
    return launch.train("text", words, folders=folders, folder=folders.runs / "albert").folder


@pytest.fixture
def model(albert):
    return compact(sequence_classifier(load_encoder(str(albert)), 3, trainable="all"))


def test_the_block_is_counted_once(model):
    encoder = encoder_layer(model)
    assert encoder.shared
    assert (len(encoder.blocks), len(encoder.runs)) == (1, LAYERS)
    assert encoder.blocks[0].count_params() == BLOCK
    rows = encoder.tokens.input_dim + encoder.max_length
    narrow = rows * NARROW + 2 * NARROW + (NARROW + 1) * WIDTH
    assert encoder.count_params() == narrow + BLOCK
    paths = [path for path, _ in prunable(model)]
    assert len(paths) == len(set(paths))
    assert sum("/block_0/" in path for path in paths) == 6


@pytest.mark.parametrize("step", ["structured:layers=1", "structured:drop=[2]", "distill:layers=3"])
def test_no_layer_is_left_out(trained, folders, tmp_path, step):
    message = r"the 6 layers of this model share 1 block\(s\)[\s\S]*neurons= or heads="
    with pytest.raises(UserError, match=message):
        compress(trained, [step], folders=folders, folder=tmp_path / "child")


def test_a_search_offers_no_layers_and_ranks_below_the_table_s_width(model, albert):
    class Shown:
        recovery, quantizations, beginnings = "recover:epochs={}", ("int8",), ()
        tokenizer = load_encoder(str(albert)).tokenizer

    has = TASKS["text-classification"].capabilities
    axes = {axis.name: axis.words for axis in space_of(model, Shown, has, (), (), 0).axes}
    assert "layers" not in axes
    assert axes["embedding"][1:] == tuple(f"low-rank:embedding={r}" for r in (4, 2, 2, 1))


def test_a_chain_makes_the_block_smaller_and_its_file_small(trained, folders, tmp_path):
    """Neurons and heads go, the rest is factorised and pruned, and the int8 file has one block."""
    chain = ["structured:neurons=0.5,heads=0.5,epochs=0", "low-rank:rank=3", "prune:0.3,epochs=0"]
    run = compress(trained, [*chain, "quantize:int8"], folders=folders, folder=tmp_path / "child")
    encoder = encoder_layer(load_model(run.path("model.keras")))
    block = encoder.blocks[0]
    assert (block.heads, block.inner.units, len(encoder.runs)) == (1, INNER // 2, LAYERS)
    assert isinstance(block.inner, LowRankDense)
    assert isinstance(encoder.expansion, LowRankDense)
    assert np.mean(block.inner.left.numpy() == 0) == pytest.approx(0.3, abs=0.05)
    signature = json.loads(run.path("exports", "model.tflite.json").read_text())
    assert signature["quantization"] == "int8"
    figures = run.read_json("metrics.json")
    assert 0 <= figures["test"]["accuracy"] <= 1

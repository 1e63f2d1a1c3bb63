"""Encoders without their highest layers."""

import keras
import numpy as np
import pytest

from kerastc.errors import UserError
from kerastc.models import load_encoder
from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.conversion import compact_encoder
from kerastc.training.config import TextClassifierConfig

ROWS = {
    "token_ids": np.array([[2, 9, 4, 3], [2, 7, 3, 0]], "int32"),
    "padding_mask": np.array([[1, 1, 1, 1], [1, 1, 1, 0]], "int32"),
}


def states(encoder: CompactEncoder) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(x) for x in encoder.states(ROWS, training=False)]


@pytest.mark.backend
@pytest.mark.parametrize("kind", ["DistilBert", "Bert", "Electra", "Roberta", "Albert"])
def test_what_is_left_says_what_the_layer_said(tiny, kind):
    encoder = load_encoder(str(tiny(kind)))
    lowest = encoder.lowest(2)
    before = states(compact_encoder(encoder.layer, encoder.segments))
    assert len(before) == 4
    after = keras.ops.convert_to_numpy(lowest.layer(ROWS))
    np.testing.assert_allclose(after, before[2], atol=1e-6)
    assert len(lowest.layer.runs) == 2
    assert lowest.fingerprint != encoder.fingerprint


def test_all_layers_are_the_encoder(tiny):
    encoder = load_encoder(str(tiny("Bert")))
    found = keras.ops.convert_to_numpy(encoder.lowest(3).layer(ROWS))
    np.testing.assert_allclose(found, keras.ops.convert_to_numpy(encoder.layer(ROWS)), atol=1e-5)


@pytest.mark.parametrize("layers", [4, 12])
def test_more_layers_than_there_are_is_an_error(tiny, layers):
    encoder = load_encoder(str(tiny("Bert")))
    with pytest.raises(UserError, match=f"layers={layers}, but .* has 3 layers"):
        encoder.lowest(layers)


def test_relative_positions_allow_none(tiny):
    encoder = load_encoder(str(tiny("DebertaV3")))
    with pytest.raises(UserError, match=r"layers=1: none of the layers of .* can be left out"):
        encoder.lowest(1)


@pytest.mark.parametrize("other", [{"head": "backbone"}, {"pooling": "pooler"}])
def test_what_reads_the_last_layer_needs_all(other):
    with pytest.raises(
        ValueError, match=r"layers=2 with .*, which reads the backbone's last layer"
    ):
        TextClassifierConfig(layers=2, **other)

"""Encoders say what they are made of; the parts of a model are found whatever their names."""

import keras
import numpy as np
import pytest
from keras import ops

from kerastc.models import compact, image_classifier, load_encoder, sequence_classifier
from kerastc.models.parts import encoder_layer, head_layers, pooling_layer, scaling_layer

KINDS = {  # the rows of tokens, positions, segments; whether blocks are shared; a pooler
    "DistilBert": (32, 0, False, False),
    "Bert": (32, 2, False, True),
    "Electra": (32, 2, False, True),
    "Roberta": (32, 0, False, False),
    "XLMRoberta": (32, 0, False, False),
    "Albert": (32, 2, True, True),
    "DebertaV3": (0, 0, False, False),
}


def rows(layer) -> int:
    return 0 if layer is None else len(layer.get_weights()[0])


@pytest.mark.parametrize("kind", KINDS)
def test_an_encoder_declares_its_parts(tiny, kind):
    encoder = load_encoder(str(tiny(kind)))
    layer = encoder.layer
    assert rows(layer.tokens) >= encoder.tokenizer.vocabulary_size
    found = (rows(layer.positions), rows(layer.segments), layer.shared, layer.pooler is not None)
    assert found == KINDS[kind]
    assert len(layer.blocks) == (1 if kind == "Albert" else 3)
    assert (layer.width, layer.max_length) == (8, 32)


@pytest.mark.parametrize("kind", ["DistilBert", "Bert"])
def test_a_compact_encoder_declares_the_same(tiny, kind):
    model = sequence_classifier(load_encoder(str(tiny(kind))), 3)
    theirs, ours = encoder_layer(model), encoder_layer(compact(model))
    for name in ("tokens", "positions"):
        assert rows(getattr(ours, name)) == rows(getattr(theirs, name))
    for name in ("width", "max_length", "shared"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert len(ours.blocks) == len(theirs.blocks)
    assert ours.segments is None  # it joined the positions: the model reads one text


def renamed(model: keras.Model) -> keras.Model:
    """The model with layers of other names."""

    def other(layer):
        config = layer.get_config() | {"name": f"other_{layer.name}"}
        return type(layer).from_config(config)

    return keras.models.clone_model(model, clone_function=other)


def test_the_parts_of_a_text_model_have_no_fixed_names(tiny, tmp_path):
    model = renamed(sequence_classifier(load_encoder(str(tiny("DistilBert"))), 3))
    model.save(tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert encoder_layer(model).name == "other_encoder"
    assert pooling_layer(model).name == "other_pooling"
    assert [layer.name for layer in head_layers(model)] == [
        "other_pre_classifier",
        "other_head_dropout",
        "other_classifier",
    ]
    ids = np.array([[2, 7, 9, 3]])
    batch = {"token_ids": ids, "padding_mask": np.ones_like(ids)}
    logits = ops.convert_to_numpy(compact(model)(batch))
    np.testing.assert_allclose(logits, ops.convert_to_numpy(model(batch)), atol=1e-5)


def test_the_parts_of_an_image_model_have_no_fixed_names():
    model = renamed(image_classifier((8, 8, 3), 4, width=0.25))
    assert encoder_layer(model) is None
    assert pooling_layer(model).name == "other_features"
    assert scaling_layer(model).name == "other_scaling"
    assert head_layers(model)[-1].units == 4

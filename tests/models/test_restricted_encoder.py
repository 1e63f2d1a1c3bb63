"""An encoder that has some of its tokens gives the same vectors of texts that have no others."""

import numpy as np
import pytest
from keras import ops

from kerastc.compress.steps.slicing import with_outputs
from kerastc.models import compact, load_encoder, sequence_classifier
from kerastc.models.layer_paths import put
from kerastc.models.parts import encoder_layer

pytestmark = pytest.mark.backend
TEXTS = ["the cat sat on a mat", "a dog"]
KINDS = ["DistilBert", "Bert", "Electra", "Roberta", "Albert", "XLMRoberta", "DebertaV3"]


@pytest.mark.parametrize("kind", KINDS)
def test_texts_of_the_tokens_that_stay_have_the_same_vectors(tiny, kind):
    encoder = load_encoder(str(tiny(kind)))
    encoder.layer.tune("top_1")
    rows = encoder.encode(TEXTS, 20)
    smaller = encoder.restricted(rows.ids.values)
    again = smaller.encode(TEXTS, 20)
    assert smaller.tokenizer.vocabulary_size == smaller.layer.tokens.input_dim
    assert smaller.layer.tokens.input_dim < encoder.layer.tokens.input_dim
    assert smaller.layer.tuned == "top_1"
    assert smaller.fingerprint != encoder.fingerprint
    theirs, ours = (e.model()(e.pad(r)) for e, r in ((encoder, rows), (smaller, again)))
    np.testing.assert_array_equal(ops.convert_to_numpy(ours), ops.convert_to_numpy(theirs))


def test_a_compact_encoder_is_cut_likewise(tiny):
    model = compact(sequence_classifier(load_encoder(str(tiny("Bert"))), 2))
    encoder = encoder_layer(model)
    kept = np.array([0, 1, 2, 3, 9, 7])
    smaller = encoder.with_table(encoder.table()[kept])
    ids = np.array([[2, 4, 5, 3]])
    mask = np.ones_like(ids)
    expected = encoder({"token_ids": kept[ids], "padding_mask": mask})
    found = smaller({"token_ids": ids, "padding_mask": mask})
    np.testing.assert_array_equal(ops.convert_to_numpy(found), ops.convert_to_numpy(expected))
    assert smaller.tokens.input_dim == 6


def test_an_encoder_with_replaced_layers_is_cut_likewise(tiny):
    model = compact(sequence_classifier(load_encoder(str(tiny("Bert"))), 2))
    encoder = encoder_layer(model)
    for block in encoder.blocks:  # a replaced layer comes last among its block's
        put(block, "query", with_outputs(block.query, np.arange(block.query.units)))
    smaller = encoder.with_table(encoder.table())
    rows = {"token_ids": np.array([[2, 4, 5, 3]]), "padding_mask": np.ones((1, 4), int)}
    found, expected = (ops.convert_to_numpy(each(rows)) for each in (smaller, encoder))
    np.testing.assert_array_equal(found, expected)

"""Batches of documents: those of as many windows together, no batch with too many."""

from functools import partial

import numpy as np
import pytest
from tiny_presets import WORD_PIECES

from kerastc.inputs.document.batches import DocumentBatches
from kerastc.text.documents import Windowing
from kerastc.text.vocabularies import WordPiece

TOKENIZER = WordPiece(WORD_PIECES).tokenizer()
WINDOWING = Windowing(16)


@pytest.fixture(scope="module")
def rows():
    """300 documents, most of them short, one of forty windows."""
    words = np.random.default_rng(0).geometric(0.04, 300)
    words[7] = 550
    return WINDOWING.encode(TOKENIZER, ["cat " * n for n in words], 16 * 100)


def batches(rows, seed=0, size=8, most=12) -> DocumentBatches:
    pad = partial(WINDOWING.pad, TOKENIZER)
    targets = np.arange(len(rows))[:, None]
    return DocumentBatches(rows, pad, targets, size, WINDOWING, most, seed=seed)


def test_every_document_is_there_once_and_no_batch_has_too_many_windows(rows):
    found, seen = batches(rows), []
    for index in range(len(found)):
        inputs, targets = found[index]
        length = inputs["token_ids"].shape[1]
        assert 1 <= len(targets) <= 8
        assert len(targets) == 1 or len(targets) * WINDOWING.count(length) <= 12
        assert (inputs["padding_mask"].sum(axis=1) == rows.lengths[targets[:, 0]]).all()
        seen += targets[:, 0].tolist()
    assert sorted(seen) == list(range(300)) and seen == found.rows().tolist()


def test_an_epoch_has_as_many_batches_as_any_other_and_another_order(rows):
    found = batches(rows)
    first, count = found.rows().tolist(), len(found)
    found.begin_epoch(1)
    assert len(found) == count and found.rows().tolist() != first
    found.begin_epoch(0)
    assert found.rows().tolist() == first


def test_little_of_a_batch_is_padding(rows):
    found = batches(rows)
    parts = [found[index][0]["padding_mask"] for index in range(len(found))]
    share = 1 - sum(part.sum() for part in parts) / sum(part.size for part in parts)
    assert share < 0.15


def test_features_of_windows_become_rows_of_their_documents(rows):
    found = batches(rows, seed=None)
    assert len(found.read) == WINDOWING.counts(rows.lengths).sum()
    frozen = found.frozen(found.read.lengths[:, None].astype("float32"))
    inputs, targets = frozen[0]
    assert targets[:, 0].tolist() == list(range(8))
    assert (inputs["features"].sum(axis=(1, 2)) == rows.lengths[:8]).all()
    assert (inputs["padding_mask"].sum(axis=1) == WINDOWING.counts(rows.lengths[:8])).all()

"""Batches of a corpus that several processes share: those of one, each row read by one of them."""

from functools import partial

import numpy as np
import pytest
from corpora import corpus, sentences
from subjects import SUBJECTS

from kerastc.data.corpus import Corpus
from kerastc.inputs.stream.batches import StreamBatches
from kerastc.inputs.stream.masking import Masking
from kerastc.inputs.stream.windows import Stretch, Windows
from kerastc.processes import place
from kerastc.processes.place import ALONE, Place
from kerastc.text.vocabularies import WordPiece

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
BATCH = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    words = sorted({*" ".join(SUBJECTS.values()).split()})
    tokenizer = WordPiece([*SPECIAL, *words], True, True).tokenizer()
    folder = tmp_path_factory.mktemp("shared") / "corpus"
    return corpus(folder, tokenizer, sentences(199), shard_tokens=10**6).folder


class Counted:
    """A shard that knows which of its tokens were asked for."""

    def __init__(self, shard):
        self.offsets, self.tokens, self.asked = shard.offsets, self, np.zeros(shard.size, int)
        self._tokens = shard.tokens

    def __getitem__(self, span):
        self.asked[span] += 1
        return self._tokens[span]


def batches(folder, packed):
    """The batches of a process, and its only shard."""
    made = Corpus.open(folder)
    [shard] = map(Counted, made.shards)
    windows = Windows([Stretch(shard, 0, made.rows)], made.tokenizer, 10, packed)
    masking = Masking.of(made.tokenizer, made.token_counts, 0.2, seed=3)
    number = np.arange(made.vocabulary, dtype=np.int32)
    pad = partial(made.tokenizer.pad, segments=False)
    return StreamBatches(windows, masking, number, pad, BATCH, seed=3), shard


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("count", [2, 3])
def test_processes_read_their_rows_and_no_others(folder, count, packed, monkeypatch):
    whole, everything = batches(folder, packed)
    ranks = [batches(folder, packed) for _ in range(count)]
    places = [Place(rank, count, devices=count) for rank in range(count)]
    for epoch in (0, 1):
        for index in range(len(whole)):
            monkeypatch.setattr(place, "_here", ALONE)
            whole.begin_epoch(epoch)
            inputs, targets = whole[index]
            for one, (share, _) in zip(places, ranks, strict=True):
                monkeypatch.setattr(place, "_here", one)
                share.begin_epoch(epoch)
                own, (found, wanted) = one.own(len(targets)), share[index]
                assert len(wanted) == len(targets)
                np.testing.assert_array_equal(wanted[own], targets[own])
                for name, array in inputs.items():
                    np.testing.assert_array_equal(found[name][own], array[own], err_msg=name)
    if not packed:  # the last batch, which is not divided, is read by all
        undivided = len(whole.windows) % BATCH
        read, alone = sum(shard.asked.sum() for _, shard in ranks), everything.asked.sum()
        assert everything.asked.all() and undivided
        again = 11 * undivided * 2 * (count - 1)  # of sentences of 11 words, in two epochs
        assert alone < read <= alone + again
        assert all((shard.asked > 0).mean() < 1 for _, shard in ranks)

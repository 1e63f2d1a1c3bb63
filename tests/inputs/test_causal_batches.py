"""A corpus in the order of its text: nothing is left out, and each row goes on where it ended."""

import numpy as np
import pytest
from corpora import corpus, sentences

from kerastc.errors import UserError
from kerastc.inputs.causal.batches import BEGINS, CausalBatches, JudgedBatches
from kerastc.inputs.causal.parts import in_order
from kerastc.inputs.causal.rows import pieces
from kerastc.inputs.stream.joined import Stream, Stretch
from kerastc.text.vocabularies import WordPiece

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    words = sorted({word for text in sentences(300) for word in text.split()})
    tokenizer = WordPiece([*SPECIAL, *words], True, True).tokenizer()
    folder = tmp_path_factory.mktemp("causal") / "corpus"
    return corpus(folder, tokenizer, sentences(300), shard_tokens=500)


@pytest.fixture(scope="module")
def whole(made):
    """The text, joined by hand."""
    rows = [
        [*shard.tokens[begin:end], made.tokenizer.frame(2).ids[1][0]]
        for shard in made.shards
        for begin, end in zip(shard.offsets[:-1], shard.offsets[1:], strict=True)
    ]
    return np.concatenate(rows).astype(np.int32)


def stream(made, backward=False):
    stretches = [Stretch(shard, 0, len(shard)) for shard in made.shards]
    return Stream(stretches, made.tokenizer, backward)


def test_a_stream_is_all_rows_with_separators(made, whole):
    text, back = stream(made), stream(made, backward=True)
    assert len(text) == len(whole) == made.tokens + made.rows
    np.testing.assert_array_equal(text.read(0, len(text)), whole)
    np.testing.assert_array_equal(back.read(0, len(text)), whole[::-1])
    for begin, end in ((0, 1), (499, 520), (1003, 1003), (700, 1700), (len(whole) - 3, len(whole))):
        np.testing.assert_array_equal(text.read(begin, end), whole[begin:end])
        np.testing.assert_array_equal(back.read(begin, end), whole[::-1][begin:end])


@pytest.mark.parametrize("bptt", [4, 20, 70])
def test_batches_ask_for_each_token_once_in_its_order(made, whole, bptt):
    batches = CausalBatches(stream(made), 4, bptt, seed=0)
    for epoch in (0, 1):
        batches.begin_epoch(epoch)
        read = [batches[index] for index in range(len(batches))]
        column = (len(whole) - 1) // 4
        ids, targets = (
            np.concatenate(parts, axis=1)
            for parts in ([x["token_ids"] for x, _ in read], [y for _, y in read])
        )
        np.testing.assert_array_equal(ids.ravel(), whole[: 4 * column])
        np.testing.assert_array_equal(targets.ravel(), whole[1 : 4 * column + 1])
        assert [x[BEGINS].tolist() for x, _ in read] == [[1] * 4] + [[0] * 4] * (len(read) - 1)


def test_lengths_are_drawn_around_the_usual_one(made):
    batches = CausalBatches(stream(made), 1, 20, seed=0)
    batches.bptt, batches.column, batches.count = 70, 665_000, 9_744
    lengths = np.diff(batches.bounds(0))
    assert lengths.sum() == 665_000 and (lengths[:-1] % 5 == 0).all()
    usual = lengths[lengths > 50]
    assert usual.mean() == pytest.approx(70, abs=0.5) and usual.std() == pytest.approx(5, abs=0.5)
    assert (lengths <= 50).mean() == pytest.approx(0.05, abs=0.01)
    assert len(set(lengths[:-1])) < 25
    assert not np.array_equal(batches.bounds(1), batches.bounds(0))


def test_rows_of_an_evaluation_go_on(made, whole):
    rows = pieces(stream(made), 5, 30)
    column = (len(whole) - 1) // 5
    batches = JudgedBatches(rows)
    ids = np.concatenate([batches[i][0]["token_ids"] for i in range(len(batches))], axis=1)
    targets = np.concatenate([batches[i][1] for i in range(len(batches))], axis=1)
    np.testing.assert_array_equal(ids.ravel(), whole[: 5 * column])
    np.testing.assert_array_equal(targets.ravel(), whole[1 : 5 * column + 1])
    some = batches.sample(7, seed=0)
    assert len(some) == 2 and len(some.rows()) == 10
    np.testing.assert_array_equal(some[1][0]["token_ids"], batches[1][0]["token_ids"])
    assert pieces(stream(made), 10**6, 30).columns == -(-(len(whole) - 1) // 30)
    assert "[MASK]" not in rows.texts[0] and rows.texts[0].split()[1] in rows.truth[0]


def test_a_text_that_is_too_short_is_refused(made):
    with pytest.raises(UserError, match=r"batch_size=2000 needs a text of 4,001 tokens; .* has "):
        in_order(made, 2000, 70, backward=False)

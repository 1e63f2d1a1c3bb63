"""Windows of a corpus: whole, in place, and in an order that needs no memory of them all."""

from types import SimpleNamespace

import numpy as np
import pytest
from corpora import corpus
from hypothesis import given
from hypothesis import strategies as st

from kerastc.errors import UserError
from kerastc.inputs.stream.order import BLOCKS, GROUP, Order
from kerastc.inputs.stream.parts import divided, fingerprint
from kerastc.inputs.stream.windows import Stretch, Windows, held_out
from kerastc.text.vocabularies import WordPiece

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CLS, SEP = 2, 3
SIZES = (("own", 60), ("other", 20))


@pytest.fixture(scope="module")
def tokenizer():
    return WordPiece([*SPECIAL, *"abcdefghij"], True, True).tokenizer()


def shard(lengths):
    """A shard whose tokens are all different."""
    offsets = np.cumsum([0, *lengths])
    return SimpleNamespace(tokens=np.arange(100, 100 + offsets[-1]), offsets=offsets)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.integers(4, 40))
def test_packed_windows_are_the_rows_joined_by_separators_and_cut(tokenizer, lengths, most):
    rows = shard(lengths)
    windows = Windows([Stretch(rows, 0, len(lengths))], tokenizer, most, packed=True)
    joined = []
    for begin, end in zip(rows.offsets[:-1], rows.offsets[1:], strict=True):
        joined += [*([SEP] if joined else []), *rows.tokens[begin:end].tolist()]
    wanted = [[CLS, *joined[i : i + most - 2], SEP] for i in range(0, len(joined), most - 2)]
    assert len(windows) == len(wanted)
    assert [row.tolist() for row in windows.read(0, len(windows))] == wanted
    for number, row in enumerate(wanted):  # one by one, as a block begins anywhere
        assert windows.read(number, number + 1)[0].tolist() == row


def test_windows_of_rows_are_the_rows_cut(tokenizer):
    rows = shard([3, 9, 1])
    windows = Windows([Stretch(rows, 1, 3), Stretch(rows, 0, 1)], tokenizer, 6, packed=False)
    assert [row.tolist() for row in windows.read(0, 3)] == [
        [CLS, 103, 104, 105, 106, SEP],
        [CLS, 112, SEP],
        [CLS, 100, 101, 102, SEP],
    ]
    assert windows.rows == 3


@given(
    st.lists(st.integers(1, 30), min_size=2, max_size=20),
    st.integers(4, 40),
    st.booleans(),
    st.randoms(),
)
def test_some_windows_are_read_alone_in_any_order(tokenizer, lengths, most, packed, random):
    rows = shard(lengths)
    stretches = [Stretch(rows, 1, len(lengths)), Stretch(rows, 0, 1)]
    windows = Windows(stretches, tokenizer, most, packed)
    every = [row.tolist() for row in windows.read(0, len(windows))]
    chosen = random.sample(range(len(every)), random.randint(1, len(every)))
    assert [row.tolist() for row in windows.some(np.array(chosen))] == [every[i] for i in chosen]
    first, end = sorted((random.randrange(len(every)), len(every)))
    told = windows.sizes(first, end).tolist()
    assert told == ([most] * (end - first) if packed else [len(row) for row in every[first:end]])


def test_no_window_holds_special_tokens_alone(tokenizer):
    with pytest.raises(UserError, match="max_tokens=2 leaves the special tokens alone"):
        Windows([Stretch(shard([3]), 0, 1)], tokenizer, 2, packed=True)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(1, 20))
def test_rows_held_out_are_as_many_as_asked_spread_evenly_and_no_others(sizes, rows):
    shards = [shard([1] * size) for size in sizes]
    total, number = sum(sizes), {id(one): 100 * place for place, one in enumerate(shards)}
    rows = min(rows, total - 1) or 1
    found = []
    for stretches in held_out(shards, rows, at_once=4):
        own = [
            int(stretch.shard.tokens[row]) + number[id(stretch.shard)]
            for stretch in stretches
            for row in range(stretch.first, stretch.end)
        ]
        assert all(stretch.rows > 0 for stretch in stretches)
        found.append(own)
    if total > 1:
        assert len(found[1]) == rows
    assert len({*found[0], *found[1]}) == total == len(found[0]) + len(found[1])


def test_rows_held_out_come_from_all_of_the_corpus():
    _, held = held_out([shard([1] * 1000)], 80, at_once=8)
    assert len(held) == 10 and all(stretch.rows == 8 for stretch in held)
    assert [stretch.end for stretch in held] == [*range(100, 1001, 100)]


def numbers(order, epoch):
    """The batches of an epoch, by their numbers."""
    found = []
    for group in range(order.groups):
        every = np.concatenate([np.arange(*block) for block in order.blocks_of(epoch, group)])
        batches = order.batches_of(epoch, group, np.ones(len(every)))
        places = [order.place(epoch, len(found) + place) for place in range(len(batches))]
        assert places == [(group, place) for place in range(len(batches))]
        found += [every[batch] for batch in batches]
    assert len(found) == len(order)
    return found


@given(st.integers(1, 3000), st.integers(1, 100), st.integers(0, 3))
def test_an_epoch_has_each_window_once(rows, batch_size, epoch):
    order = Order(rows, batch_size, seed=5)
    batches = numbers(order, epoch)
    assert sorted(np.concatenate(batches).tolist()) == [*range(rows)]
    sizes = sorted(map(len, batches))
    assert sizes[1:] == [batch_size] * (len(batches) - 1) and len(order) == len(batches)


def test_an_order_follows_from_seed_and_epoch_alone():
    order = Order(20_000, 32, seed=1)
    first = numbers(order, 0)
    again = numbers(Order(20_000, 32, seed=1), 0)
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    for another in (numbers(order, 1), numbers(Order(20_000, 32, seed=2), 0)):
        assert (np.concatenate(another) == np.concatenate(first)).mean() < 0.01


def test_a_batch_has_windows_of_many_places():
    order = Order(20_000, 32, seed=1)
    spread = [
        len({number // order.block for number in batch.tolist()}) for batch in numbers(order, 0)
    ]
    assert np.median(spread) > 20


def test_what_an_order_holds_does_not_grow_with_the_corpus():
    for rows in (10**6, 10**9, 10**12):
        order = Order(rows, 32, seed=0)
        assert order.blocks <= BLOCKS
        blocks = order.blocks_of(0, 0)
        size = sum(end - first for first, end in blocks)
        assert size <= max(GROUP, order.block) + order.block


def test_a_corpus_is_divided_or_validated_by_another(tokenizer, tmp_path):
    texts = [" ".join("abcdefghij"[: 3 + row % 7]) for row in range(60)]
    own, other = (corpus(tmp_path / name, tokenizer, texts[:rows], 100) for name, rows in SIZES)
    settings = {"max_tokens": 8, "packed": False, "share": 0.3, "seed": 1}
    parts = divided(own, **settings)
    assert (len(parts.windows), len(parts.validation)) == (54, 6)
    assert parts.notes == {
        "rows of the corpus held out for validation": 6,
        "rows of more than 6 tokens, which are cut": sum(len(t.split()) > 6 for t in texts),
    }
    again = divided(own, **settings).validation
    assert (again.rows.ids.values == parts.validation.rows.ids.values).all()
    for text, truth in zip(parts.validation.written, parts.validation.labels, strict=True):
        words = iter(truth)  # each mask in its place
        filled = [next(words) if word == "[MASK]" else word for word in text.split()]
        assert " ".join(filled) in {" ".join(given.split()[:6]) for given in texts}
    apart = divided(own, validation_rows=4, apart=other, **settings)
    assert (len(apart.windows), len(apart.validation)) == (60, 4)
    assert (apart.token_counts == own.token_counts + other.token_counts).all()
    told = apart.as_dict()
    assert told["fingerprint"] != parts.as_dict()["fingerprint"]
    assert told["sources"]["validation"]["fingerprint"] == fingerprint(other)
    with pytest.raises(UserError, match="has the same tokens as corpus="):
        divided(own, apart=own, **settings)
    strange = WordPiece([*SPECIAL, *"abc"], True, True).tokenizer()
    with pytest.raises(UserError, match="were built with different tokenizers"):
        divided(own, apart=corpus(tmp_path / "strange", strange, ["a b"] * 9), **settings)

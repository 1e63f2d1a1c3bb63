import itertools

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastc.inputs.text.batches import NOTHING, SHAPES, TextBatches, choose_lengths
from kerastc.text.encoded import Encoded
from kerastc.text.ragged import Ragged
from kerastc.training.batching import Batches, feed


def pad(tokens, length):
    ids = np.zeros((len(tokens), length), "int32")
    for row, one in enumerate(tokens):
        ids[row, : len(one)] = one.ids
    return {"token_ids": ids, "padding_mask": (ids > 0).astype("int32")}


def special_at(length, *places):
    """Which of the tokens of a text a tokenizer put there."""
    found = np.zeros(length, bool)
    found[[0, length - 1, *places]] = True
    return found


def text_batches(lengths, batch_size=4, seed=0, middle=(), **more):
    ids = [np.full(n, i + 1, "int32") for i, n in enumerate(lengths)]
    special = [special_at(n, *middle) for n in lengths]
    tokens = Encoded(Ragged.of(ids, np.int32), special=Ragged.of(special, bool))
    targets = np.eye(len(lengths), dtype="float32")
    return TextBatches(tokens, pad, targets, batch_size, seed=seed, **more)


LENGTHS = st.lists(st.integers(1, 70), min_size=1, max_size=60)


@given(LENGTHS, st.integers(1, 9), st.integers(0, 5))
def test_every_row_comes_once_an_epoch_with_its_own_target(lengths, batch_size, epoch):
    batches = text_batches(lengths, batch_size)
    batches.begin_epoch(epoch)
    seen = []
    for index in range(len(batches)):
        inputs, targets = batches[index]
        rows = inputs["token_ids"][:, 0] - 1
        np.testing.assert_array_equal(targets.argmax(axis=1), rows)
        np.testing.assert_array_equal(inputs["padding_mask"].sum(axis=1), np.array(lengths)[rows])
        seen += rows.tolist()
    assert sorted(seen) == list(range(len(lengths)))


@given(LENGTHS, st.integers(1, 3))
def test_chosen_lengths_pad_least(lengths, count):
    """Against a search through all choices."""
    lengths = np.array(lengths)

    def padded(chosen):
        return sum(min(c for c in chosen if c >= n) for n in lengths)

    top = -(-lengths.max() // 8) * 8
    rest = range(8, top, 8)
    choices = itertools.chain.from_iterable(
        itertools.combinations(rest, k) for k in range(min(count, len(rest) + 1))
    )
    best = min(padded([*choice, top]) for choice in choices)
    found = choose_lengths(lengths, count, 8)
    assert len(found) <= count
    assert padded(found) == best


def test_the_order_follows_seed_and_epoch_alone():
    first, again, other = (
        text_batches(range(1, 60)),
        text_batches(range(1, 60)),
        text_batches(range(1, 60), seed=1),
    )
    first.begin_epoch(3)
    again.begin_epoch(1)
    again.begin_epoch(3)
    other.begin_epoch(3)
    np.testing.assert_array_equal(first.rows(), again.rows())
    assert (first.rows() != other.rows()).any()
    before = first.rows()
    first.begin_epoch(4)
    assert (first.rows() != before).any()


def test_few_shapes_and_one_small_batch():
    random = np.random.default_rng(0)
    batches = text_batches(random.integers(3, 120, 500), batch_size=16)
    shapes = {batches[i][0]["token_ids"].shape for i in range(len(batches))}
    assert len({length for _, length in shapes}) <= SHAPES[keras.backend.backend()][0]
    assert sum(rows < 16 for rows, _ in shapes) <= 1


def test_without_a_seed_rows_keep_their_order():
    batches = Batches(np.arange(10.0)[:, None], np.zeros((10, 2), "float32"), 4)
    np.testing.assert_array_equal(batches.rows(), np.arange(10))
    np.testing.assert_array_equal(batches[2][0][:, 0], [8, 9])


def test_weights_travel_with_their_rows():
    weights = np.arange(5, dtype="float32")
    batches = Batches(np.arange(5.0)[:, None], np.zeros((5, 2), "float32"), 2, weights, seed=1)
    for index in range(3):
        inputs, _, batch_weights = batches[index]
        np.testing.assert_array_equal(inputs[:, 0], batch_weights)


@pytest.mark.backend
def test_a_longer_batch_after_short_ones_is_accepted():
    """Keras reads the shape off the first two batches and would refuse the third."""
    keras.utils.set_random_seed(0)
    ids = keras.Input((None,), dtype="int32", name="token_ids")
    mask = keras.Input((None,), dtype="int32", name="padding_mask")
    vectors = keras.layers.Embedding(20, 4)(ids)
    output = keras.layers.Dense(12)(keras.layers.GlobalAveragePooling1D()(vectors))
    model = keras.Model({"token_ids": ids, "padding_mask": mask}, output)
    model.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True))
    batches = text_batches([3] * 8 + [50] * 4, seed=None)
    first, second, third = (batches[i][0]["token_ids"].shape[1] for i in range(3))
    assert first == second < third
    history = model.fit(feed(batches), epochs=2, verbose=0, shuffle=False)
    assert np.isfinite(history.history["loss"]).all()


def test_masking_spares_the_ends_and_the_padding_and_is_drawn_anew_each_epoch():
    random = np.random.default_rng(0)
    lengths = random.integers(3, 40, 400)
    plain = text_batches(lengths)
    masked = text_batches(lengths, masking=(0.25, 999))
    found = []
    for epoch in (0, 1, 0):
        plain.begin_epoch(epoch)
        masked.begin_epoch(epoch)
        drawn = inner = 0
        rows = []
        for index in range(len(masked)):
            inputs, whole = masked[index][0], plain[index][0]
            ids, real = inputs["token_ids"], whole["token_ids"]
            changed = ids != real
            assert (ids[changed] == 999).all()
            length = whole["padding_mask"].sum(axis=1)
            assert not changed[:, 0].any()
            assert not changed[np.arange(len(ids)), length - 1].any()
            assert not (changed & (whole["padding_mask"] == 0)).any()
            drawn += changed.sum()
            inner += (length - 2).sum()
            rows.append(changed.sum(axis=1))
        assert drawn / inner == pytest.approx(0.25, abs=0.02)
        found.append(np.concatenate(rows))
    np.testing.assert_array_equal(found[0], found[2])
    assert (found[0] != found[1]).any()


def test_masking_spares_the_separator_of_a_pair():
    masked = text_batches([9, 12, 30], 3, middle=(4,), masking=(1.0, 999))
    (inputs, _) = masked[0]
    for ids, there in zip(inputs["token_ids"], inputs["padding_mask"].astype(bool), strict=True):
        kept = np.flatnonzero(ids[there] != 999)
        assert kept.tolist() == [0, 4, there.sum() - 1]


def test_no_thread_tunes_the_pipeline_for_which_the_end_of_an_epoch_would_wait():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf.data is TensorFlow's")
    batches = Batches(np.zeros((4, 2), "float32"), np.zeros((4, 2), "float32"), 2)
    assert feed(batches).options().autotune.enabled is False


def test_targets_of_each_token_are_cut_and_padded_as_the_tokens_are():
    lengths = [3, 9, 5, 4, 8, 2]
    numbers = [np.arange(n) + 10 * i for i, n in enumerate(lengths)]
    tokens = [np.full(n, i + 1, "int32") for i, n in enumerate(lengths)]
    batches = TextBatches(tokens, pad, Ragged.of(numbers), 2, seed=3)
    for index in range(len(batches)):
        inputs, targets = batches[index]
        assert targets.shape == inputs["token_ids"].shape
        assert ((targets == NOTHING) == (inputs["padding_mask"] == 0)).all()
        for row, target in zip(inputs["token_ids"][:, 0] - 1, targets, strict=True):
            np.testing.assert_array_equal(target[target != NOTHING], numbers[row])


def test_a_model_is_fitted_on_targets_of_each_token_however_long_the_batches_are():
    lengths = [3, 9, 5, 4, 8, 2]
    tokens = [np.full(n, i + 1, "int32") for i, n in enumerate(lengths)]
    batches = TextBatches(tokens, pad, Ragged.of([row % 2 for row in tokens]), 2, seed=3)
    assert batches.sizes.tolist() == lengths
    ids = keras.Input((None,), dtype="int32", name="token_ids")
    mask = keras.Input((None,), dtype="int32", name="padding_mask")
    inputs = {"token_ids": ids, "padding_mask": mask}
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Embedding(9, 4)(ids)))
    loss = keras.losses.SparseCategoricalCrossentropy(True, ignore_class=NOTHING)
    model.compile("sgd", loss)
    assert np.isfinite(model.fit(feed(batches), verbose=0, shuffle=False).history["loss"][0])


def test_all_rows_of_a_text_are_drawn_together():
    batches = text_batches([3] * 10)
    batches.inputs.texts = np.repeat(np.arange(5), 2)
    drawn = batches.sample(5, seed=1)
    assert len(drawn.taken) == 4
    assert sorted(np.unique(batches.inputs.texts[drawn.taken], return_counts=True)[1]) == [2, 2]
    assert len(batches.sample(1, seed=1).taken) == 2 and batches.sample(10, seed=1) is batches

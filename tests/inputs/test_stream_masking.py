"""Masking: its shares by statistics, its words, its rare tokens, and what its draws depend on."""

import numpy as np
import pytest

from kerastc.inputs.stream.masking import Masking
from kerastc.text.ragged import Ragged
from kerastc.text.vocabularies import WordPiece
from kerastc.text.word_starts import begins_word, shown_tokens

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
UNK, CLS, SEP, MASK = 1, 2, 3, 4
VOCABULARY = 1005


def masking(**settings):
    maskable = np.arange(VOCABULARY) >= 5
    return Masking(0.15, MASK, maskable, **settings)


def windows(rows=400, length=126, seed=0):
    inner = np.random.default_rng(seed).integers(5, VOCABULARY, (rows, length))
    ids = np.concatenate([np.full((rows, 1), CLS), inner, np.full((rows, 1), SEP)], axis=1)
    return Ragged(ids.astype(np.int32).ravel(), np.full(rows, length + 2))


def test_fifteen_percent_are_chosen_and_replaced_eight_one_one():
    given = windows()
    ids, positions, targets = masking()(given, np.arange(400), 0)
    assert (positions.lengths == 19).all()  # round(0.15 * 126)
    rows = np.repeat(np.arange(400), positions.lengths)
    before = given.values.reshape(400, -1)[rows, positions.values]
    after = ids.values.reshape(400, -1)[rows, positions.values]
    assert (before == targets.values).all()
    places = len(before)  # 7,600: four deviations of a share are under 0.02
    assert (after == MASK).mean() == pytest.approx(0.8, abs=0.02)
    assert (after == before).mean() == pytest.approx(0.1, abs=0.015)
    swapped = after[(after != MASK) & (after != before)]
    assert len(swapped) / places == pytest.approx(0.1, abs=0.015)
    assert swapped.min() >= 5 and len(np.unique(swapped)) > 400  # any token, no special one
    untouched = np.ones_like(ids.values, bool).reshape(400, -1)
    untouched[rows, positions.values] = False
    assert (ids.values == given.values)[untouched.ravel()].all()


def test_each_token_is_chosen_alike_and_special_ones_never():
    given = windows(rows=3000, length=20)
    times = np.zeros(22)
    for epoch in range(4):
        _, positions, _ = masking()(given, np.arange(3000), epoch)
        times += np.bincount(positions.values, minlength=22)
    assert times[0] == times[-1] == 0
    expected = 12_000 * 3 / 20  # deviations of 39
    assert np.abs(times[1:-1] - expected).max() < 4.5 * np.sqrt(expected)


def test_draws_depend_on_seed_epoch_and_number_alone():
    given, own = windows(rows=6), masking(seed=3)
    numbers = np.array([7, 70, 700, 8, 80, 800])
    whole = own(given, numbers, 2)
    for row in (0, 4):  # in another batch, beside others
        alone = own(given[[row]], numbers[[row]], 2)
        assert all((one[0] == many[row]).all() for one, many in zip(alone, whole, strict=True))
    for other in (own(given, numbers, 3), masking(seed=4)(given, numbers, 2)):
        assert (other.positions.values != whole.positions.values).mean() > 0.5
    assert (own(given, numbers + 1, 2).positions.values != whole.positions.values).mean() > 0.5


def test_rare_tokens_are_chosen_by_their_weights():
    """One token of a window is chosen: with a share of its weight among the window's."""
    counts = np.full(VOCABULARY, 100.0)
    counts[10:13] = [1, 10, 1000]
    weights = counts**-0.7
    row = [CLS, 10, 11, 12, 13, SEP]
    given = Ragged(np.array(row * 20_000, np.int32), np.full(20_000, 6))
    one = Masking(0.25, MASK, np.arange(VOCABULARY) >= 5, weights)
    _, positions, _ = one(given, np.arange(20_000), 0)
    found = np.bincount(positions.values, minlength=6)[1:5] / 20_000
    wanted = weights[10:14] / weights[10:14].sum()
    np.testing.assert_allclose(found, wanted, atol=4 * np.sqrt(0.25 / 20_000))


@pytest.fixture(scope="module")
def tokenizer():
    pieces = ["mast", "##er", "##s", "wind", "rope", "##d", "to"]
    return WordPiece([*SPECIAL, *pieces], True, True).tokenizer()


def test_whole_words_are_masked_with_all_their_pieces(tokenizer):
    texts = ["masters wind rope", "to roped winds mast"]
    rows = tokenizer.encode(texts * 300, 32)
    own = Masking.of(tokenizer, np.ones(tokenizer.vocabulary_size), 0.5, 0, whole_words=True)
    _, positions, _ = own(rows.ids, np.arange(600), 0)
    begins = begins_word(tokenizer)
    seen = set()
    for ids, chosen in zip(rows.ids, positions, strict=True):
        word = np.cumsum(begins[ids])
        for place in chosen:
            assert {*np.flatnonzero(word == word[place])} <= {*chosen}
        assert 1 <= len(chosen) <= own.most(len(ids) - 2)
        seen.add(tuple(chosen))
    assert len(seen) == 6
    # Of a word that is longer than what may be chosen its start.
    short = Masking.of(tokenizer, np.ones(tokenizer.vocabulary_size), 0.15, 0, whole_words=True)
    ids = tokenizer.encode(["masters"], 32).ids
    assert short(ids, np.arange(1), 0).positions[0].tolist() == [1]


def test_tokens_that_the_corpus_lacks_are_neither_chosen_nor_drawn(tokenizer):
    counts = np.ones(tokenizer.vocabulary_size)
    counts[tokenizer.id("rope")] = 0
    own = Masking.of(tokenizer, counts, 0.15, 0)
    lacking = [*range(5), tokenizer.id("rope")]
    assert np.flatnonzero(~own.maskable).tolist() == lacking
    assert tokenizer.unknown_id == UNK


def test_a_window_of_special_tokens_alone_has_no_place():
    ids = Ragged(np.array([CLS, UNK, SEP], np.int32), [3])
    masked = masking()(ids, np.arange(1), 0)
    assert masked.positions.lengths.tolist() == [0] and (masked.ids.values == ids.values).all()


def test_tokens_are_shown_as_words_and_their_continuations(tokenizer):
    ids = np.array([[5, 6], [8, tokenizer.mask_id]])
    shown = shown_tokens(tokenizer, ids, begins_word(tokenizer))
    assert shown.tolist() == [["mast", "##er"], ["wind", "[MASK]"]]
    assert shown_tokens(tokenizer, [99], begins_word(tokenizer)).tolist() == ["[99]"]

"""Bootstrap intervals against the normal approximation, which holds for many rows."""

import numpy as np
import pytest

from kerastc.scores.bootstrap import mean_interval, paired_difference, sums_interval

Z = 1.959964
ROWS = 4000


def test_the_interval_of_a_mean_is_the_normal_one_for_many_rows():
    values = np.random.default_rng(1).exponential(size=ROWS)
    half = Z * values.std() / np.sqrt(ROWS)
    expected = [values.mean() - half, values.mean() + half]
    assert mean_interval(values) == pytest.approx(expected, abs=0.1 * half)


def test_the_interval_of_a_difference_is_the_normal_one_of_paired_rows():
    rng = np.random.default_rng(2)
    one = rng.random(ROWS) < 0.8
    other = np.where(rng.random(ROWS) < 0.1, ~one, one)
    difference, interval = paired_difference(one, other)
    steps = one.astype(float) - other
    half = Z * steps.std() / np.sqrt(ROWS)
    assert difference == pytest.approx(one.mean() - other.mean())
    assert interval == pytest.approx([difference - half, difference + half], abs=0.1 * half)


def test_pairs_make_the_interval_narrower_than_two_of_single_models():
    rng = np.random.default_rng(3)
    one = rng.random(ROWS) < 0.8
    other = np.where(rng.random(ROWS) < 0.02, ~one, one)
    low, high = paired_difference(one, other)[1]
    single = mean_interval(one)
    assert high - low < 0.5 * (single[1] - single[0])


def test_equal_models_differ_by_nothing():
    right = np.random.default_rng(4).random(50) < 0.5
    assert paired_difference(right, right) == (0.0, [0.0, 0.0])


def test_the_same_seed_gives_the_same_interval():
    values = np.arange(30.0)
    assert mean_interval(values, seed=5) == mean_interval(values, seed=5)
    assert mean_interval(values, seed=5) != mean_interval(values, seed=6)


def test_rows_of_one_kind_are_drawn_together_as_if_each_were_drawn():
    """A ratio of two sums, by the delta method; few kinds of rows, or each its own."""
    rng = np.random.default_rng(3)
    words = rng.integers(5, 15, ROWS)
    right = rng.binomial(words, 0.8)
    share = right.sum() / words.sum()
    half = Z * (right - share * words).std() / words.mean() / np.sqrt(ROWS)
    for noise in (0, 1e-9):
        counts = np.stack([right + noise * rng.normal(size=ROWS), words], axis=1)
        interval = sums_interval(counts, lambda sums: sums[:, 0] / sums[:, 1])
        assert interval == pytest.approx([share - half, share + half], abs=0.1 * half)

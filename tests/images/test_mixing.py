"""Mixup: the equation, row by row; and the distribution of the shares."""

import numpy as np
from scipy import stats

from kerastc.images import mixup


def batch(n: int = 64):
    random = np.random.default_rng(0)
    images = random.uniform(0, 255, (n, 4, 5, 3)).astype(np.float32)
    return images, np.eye(10, dtype=np.float32)[random.integers(10, size=n)]


def test_each_row_is_the_mixture_that_is_told():
    images, targets = batch()
    before = images.copy()
    mixed, soft, partners, share = mixup(images, targets, 0.4, np.random.default_rng(1))
    np.testing.assert_array_equal(np.sort(partners), np.arange(64))
    for i, (j, kept) in enumerate(zip(partners, share, strict=True)):
        np.testing.assert_allclose(mixed[i], kept * images[i] + (1 - kept) * images[j], rtol=1e-4)
        np.testing.assert_allclose(soft[i], kept * targets[i] + (1 - kept) * targets[j], atol=1e-6)
    np.testing.assert_array_equal(images, before)
    assert mixed.dtype == soft.dtype == share.dtype == np.float32
    assert len(np.unique(share)) > 60  # one for each image
    np.testing.assert_allclose(soft.sum(axis=1), 1, atol=1e-6)


def test_shares_follow_the_beta_distribution():
    images, targets = np.zeros((4000, 1), np.float32), np.ones((4000, 1), np.float32)
    *_, share = mixup(images, targets, 0.4, np.random.default_rng(2))
    assert stats.kstest(share, stats.beta(0.4, 0.4).cdf).pvalue > 0.01


def test_the_seed_decides():
    one, same, other = (mixup(*batch(), 0.4, np.random.default_rng(seed)) for seed in (5, 5, 6))
    for a, b, c in zip(one, same, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).any()

"""Mixtures: the equations, row by row; and the distribution of the shares."""

import itertools

import numpy as np
import pytest
from scipy import stats

from kerastc.images import Mixture, cutmix, mixed_targets, mixup


def batch(n: int = 64):
    random = np.random.default_rng(0)
    return random.uniform(0, 255, (n, 4, 5, 3)).astype(np.float32)


def test_each_row_is_the_mixture_that_is_told():
    images = batch()
    before = images.copy()
    mixed, partners, share = mixup(images, 0.4, np.random.default_rng(1))
    np.testing.assert_array_equal(np.sort(partners), np.arange(64))
    for i, (j, kept) in enumerate(zip(partners, share, strict=True)):
        np.testing.assert_allclose(mixed[i], kept * images[i] + (1 - kept) * images[j], rtol=1e-4)
    np.testing.assert_array_equal(images, before)
    assert mixed.dtype == share.dtype == np.float32
    assert len(np.unique(share)) > 60  # one for each image


def test_shares_follow_the_beta_distribution():
    *_, share = mixup(np.zeros((4000, 1), np.float32), 0.4, np.random.default_rng(2))
    assert stats.kstest(share, stats.beta(0.4, 0.4).cdf).pvalue > 0.01


def test_a_box_of_the_partner_is_pasted_and_counts_by_its_area():
    images = batch()
    before = images.copy()
    mixed, partners, share = cutmix(images, np.random.default_rng(1))
    np.testing.assert_array_equal(np.sort(partners), np.arange(64))
    for i, (j, kept) in enumerate(zip(partners, share, strict=True)):
        own = (mixed[i] == images[i]).all(axis=-1)
        np.testing.assert_array_equal(mixed[i][~own], images[j][~own])
        if i != j:
            assert own.mean() == pytest.approx(kept, abs=1e-6)
            rows, columns = np.nonzero(~own)
            if len(rows):  # a box: as many pixels as between its corners
                assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    np.testing.assert_array_equal(images, before)
    assert mixed.dtype == share.dtype == np.float32


def test_boxes_have_any_area_and_lie_anywhere():
    """Uncut by the border, areas are even: E[area] = 1/2; cut at a random centre, less."""
    *_, share = cutmix(np.zeros((20000, 16, 16, 1), np.float32), np.random.default_rng(2))
    # A side of s of the whole keeps s - s^2 / 4 on average; squared for both, and over s^2 ~ U.
    side = np.sqrt(np.linspace(0, 1, 100001))
    assert 1 - share.mean() == pytest.approx(((side - side**2 / 4) ** 2).mean(), abs=0.01)


def test_a_mixture_cuts_its_share_of_the_batches():
    images = batch()
    ways = {0: 0, 1: 0}
    for seed in range(400):
        mixed, *_ = Mixture(0.4, 0.25)(images, np.random.default_rng(seed))
        ways[int(np.isin(mixed[:, 0, 0, 0], images[:, 0, 0, 0]).all())] += 1
    assert ways[1] / 400 == pytest.approx(0.25, abs=0.07)


def test_without_mixup_the_other_batches_stay_as_they_are():
    images = batch()
    mixture = Mixture(0.0, 0.5)
    results = [mixture(images, np.random.default_rng(seed)) for seed in range(20)]
    whole = [share.min() == 1 for *_, share in results]
    assert any(whole) and not all(whole)
    for mixed, partners, _ in itertools.compress(results, whole):
        assert mixed is images
        np.testing.assert_array_equal(partners, np.arange(64))
    assert not Mixture(0.0)


@pytest.mark.parametrize("way", [Mixture(0.4), Mixture(0.0, 1.0)])
def test_the_seed_decides(way):
    one, same, other = (way(batch(), np.random.default_rng(seed)) for seed in (5, 5, 6))
    for a, b, c in zip(one, same, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).any()


def test_targets_are_mixed_as_the_images_are():
    _, partners, share = mixup(batch(), 0.4, np.random.default_rng(1))
    labels = np.random.default_rng(0).integers(10, size=(64, 1))
    mixed = mixed_targets(labels, partners, share)
    np.testing.assert_array_equal(mixed[:, 0], labels[:, 0])
    np.testing.assert_array_equal(mixed[:, 1], labels[partners, 0])
    np.testing.assert_array_equal(mixed[:, 2], share)
    soft = np.random.default_rng(0).dirichlet(np.ones(10), (64, 1)).astype(np.float32)
    found = mixed_targets(soft, partners, share)
    for i, (j, kept) in enumerate(zip(partners, share, strict=True)):
        np.testing.assert_allclose(found[i], kept * soft[i] + (1 - kept) * soft[j], atol=1e-6)
    assert mixed.dtype == found.dtype == np.float32

"""Batches of images: what an epoch holds, and that any process draws the same."""

import numpy as np
import pytest

from kerastc.errors import UserError
from kerastc.images import STANDARD, STRONG, WEAK, Mixture
from kerastc.inputs.image.batches import Beside, ImageBatches
from kerastc.training.batching import Stretches

TARGETS = np.arange(20)[:, None]


def images(rows=20, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (rows, 8, 8, 3)).astype("uint8")


def labelled(mixture=None, seed=5, weights=None, times=1):
    rows = np.tile(np.arange(20), times)
    return ImageBatches(images(), TARGETS, 8, weights, seed, rows, STANDARD, mixture)


def test_images_are_pixels_from_0_to_255_and_as_they_are_without_a_policy():
    batch, targets = ImageBatches(images(), TARGETS, 8)[0]
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch, images()[:8])
    np.testing.assert_array_equal(targets[:, 0], np.arange(8))


@pytest.mark.parametrize("epoch", [0, 3])
def test_another_process_draws_the_same_and_another_epoch_does_not(epoch):
    one, two = labelled(), labelled()
    one.begin_epoch(epoch)
    two.begin_epoch(epoch)
    two[0]  # what was read before does not matter
    np.testing.assert_array_equal(one[1][0], two[1][0])
    two.begin_epoch(epoch + 1)
    assert (np.sort(two[1][0].ravel()) != np.sort(one[1][0].ravel())).any()


def test_few_images_are_repeated_each_time_in_another_way():
    batches = labelled(times=3)
    seen = [batches[i] for i in range(len(batches))]
    labels = np.concatenate([targets[:, 0] for _, targets in seen])
    np.testing.assert_array_equal(np.bincount(labels), np.full(20, 3))
    first = np.concatenate([batch for batch, _ in seen])[labels == 0]
    assert not np.array_equal(first[0], first[1])


@pytest.mark.parametrize("mixture", [Mixture(1.0), Mixture(0.0, 1.0)])
def test_mixtures_have_the_targets_and_weights_of_both(mixture):
    weights = np.arange(20, dtype="float32")
    batches = labelled(mixture, weights=weights)
    _, targets, mixed = batches[0]
    own, partner, share = targets[:, 0].astype(int), targets[:, 1].astype(int), targets[:, 2]
    np.testing.assert_array_equal(np.sort(own), np.sort(partner))
    assert ((own != partner) & (share > 0.01) & (share < 0.99)).any()
    expected = share * weights[own] + (1 - share) * weights[partner]
    np.testing.assert_allclose(mixed, expected, rtol=1e-5)
    last = len(batches) - 1  # 4 images
    assert batches[last][1].shape == (4, 3)


def test_a_single_image_is_mixed_with_none_and_its_targets_have_the_form_of_the_others():
    batches = ImageBatches(images(9), TARGETS[:9], 8, mixture=Mixture(1.0))
    image, targets = batches[1]
    np.testing.assert_array_equal(image, images(9)[8:])
    assert targets.tolist() == [[8, 8, 1]]


def beside(ratio=2):
    return Beside(labelled(), images(50, 1), ratio, {"weak": WEAK, "strong": STRONG})


def test_an_epoch_goes_through_the_unlabelled_images_once():
    batches = beside()
    plain = Beside(labelled(), images(50, 1), 2, {"same": lambda images, random: images})
    assert len(batches) == 4
    seen = np.concatenate([plain[i][0]["same"] for i in range(4)])
    key = np.lexsort(seen.reshape(50, -1).T)
    expected = images(50, 1).reshape(50, -1)
    np.testing.assert_array_equal(seen.reshape(50, -1)[key], expected[np.lexsort(expected.T)])
    inputs, targets = batches[3]
    assert inputs["weak"].shape == inputs["strong"].shape == (2, 8, 8, 3)
    assert len(inputs["images"]) == len(targets)


def test_the_labelled_ones_go_on_through_the_epochs():
    stretches = Stretches(beside(), 3)
    labels = []
    for step in range(len(beside()) * 3):
        stretches.go_on(step)
        labels.append(stretches[0][1][:, 0])
    [counts] = [np.bincount(np.concatenate(labels), minlength=20)]
    assert counts.max() - counts.min() <= 1  # 12 batches are four rounds
    stretches.go_on(7)
    again = stretches[0]
    fresh = Stretches(beside(), 3)
    fresh.go_on(7)
    np.testing.assert_array_equal(fresh[0][0]["strong"], again[0]["strong"])


def test_where_more_are_labelled_the_unlabelled_are_gone_through_again():
    few = images(6, 1)
    batches = Beside(labelled(times=2), few, 1, {"same": lambda images, random: images})
    assert len(batches) == 5
    seen = np.concatenate([batches[i][0]["same"] for i in range(5)])
    counts = [(seen == image).all(axis=(1, 2, 3)).sum() for image in few]
    assert sum(counts) == 40 and max(counts) - min(counts) == 1


def test_without_unlabelled_images_nothing_begins():
    with pytest.raises(UserError, match="there are none"):
        Beside(labelled(), images(0), 2, {})

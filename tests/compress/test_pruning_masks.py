"""Masks of pruned kernels: their count, which weights stay, and those of TF-MOT's definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastc.compress.masks.magnitude import kept_count, m_by_n_mask, magnitude_masks

shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
sparsities = st.floats(0, 0.99)


def kernel(shape, seed, values=None):
    random = np.random.default_rng(seed)
    if values:  # with many equals
        return random.choice([-1.0, 0.0, 0.5, 1.0], shape).astype("float32")
    return random.normal(size=shape).astype("float32")


@given(shapes, sparsities, st.integers(0, 99), st.booleans())
def test_exactly_so_many_stay_and_none_of_them_is_smaller_than_one_that_goes(
    shape, sparsity, seed, equals
):
    weights = kernel(shape, seed, equals)
    (mask,) = magnitude_masks([weights], sparsity)
    assert mask.sum() == kept_count(weights.size, sparsity)
    if not mask.all():
        assert np.abs(weights[mask]).min() >= np.abs(weights[~mask]).max()


@pytest.mark.parametrize("size, sparsity, kept", [(10, 0.25, 8), (10, 0.75, 2), (7, 0.99, 1)])
def test_the_count_is_rounded_to_even_and_one_stays(size, sparsity, kept):
    assert kept_count(size, sparsity) == kept  # 7.5 and 2.5 both go to the even neighbour


def test_of_equals_the_first_stay():
    (mask,) = magnitude_masks([np.ones((2, 4), "float32")], 0.5)
    np.testing.assert_array_equal(mask, [[True] * 4, [False] * 4])


@given(sparsities, st.integers(0, 99))
def test_global_masks_keep_the_largest_of_all_and_one_of_each(sparsity, seed):
    weights = [kernel((4, 5), seed), 3 * kernel((6, 2), seed + 1), 1e-6 * kernel((3, 3), seed + 2)]
    masks = magnitude_masks(weights, sparsity, "global")
    count = max(kept_count(41, sparsity), 3)
    assert sum(mask.sum() for mask in masks) == count
    largest = [np.abs(w) == np.abs(w).max() for w in weights]
    assert all(mask[top].all() for mask, top in zip(masks, largest, strict=True))
    others = [(w[m & ~t], w[~m]) for w, m, t in zip(weights, masks, largest, strict=True)]
    stay = np.abs(np.concatenate([kept for kept, _ in others]))
    go = np.abs(np.concatenate([gone for _, gone in others]))
    assert not len(stay) or not len(go) or stay.min() >= go.max()


def test_blocks_stay_or_go_by_their_mean_magnitude():
    weights = np.array([[9, 1, 2, 2], [-9, 1, 2, -2], [0, 0, 8, 0], [0, 0, 0, 0]], "float32")
    (mask,) = magnitude_masks([weights], 0.5, block=(2, 2))
    # Means 5, 2, 0 and 2: of the two equal ones the first stays.
    np.testing.assert_array_equal(mask, [[True] * 4, [True] * 4, [False] * 4, [False] * 4])


@given(shapes, st.tuples(st.integers(1, 4), st.integers(1, 4)), sparsities, st.integers(0, 99))
def test_a_block_is_of_one_kind_also_at_the_edge(shape, block, sparsity, seed):
    (mask,) = magnitude_masks([kernel(shape, seed)], sparsity, block=block)
    assert mask.shape == shape
    kinds = [
        mask[i : i + block[0], j : j + block[1]]
        for i in range(0, shape[0], block[0])
        for j in range(0, shape[1], block[1])
    ]
    assert all(kind.all() or not kind.any() for kind in kinds)
    assert sum(kind.all() for kind in kinds) == kept_count(len(kinds), sparsity)


def test_the_last_axis_of_a_convolution_are_the_columns():
    weights = kernel((3, 3, 2, 4), 0)
    (mask,) = magnitude_masks([weights], 0.5, block=(2, 1))
    (flat,) = magnitude_masks([weights.reshape(18, 4)], 0.5, block=(2, 1))
    np.testing.assert_array_equal(mask.reshape(18, 4), flat)


@given(
    st.integers(1, 3), st.integers(4, 6), st.integers(1, 4), st.integers(1, 3), st.integers(0, 99)
)
def test_of_every_group_of_inputs_the_smallest_go(height, group, outputs, zeros, seed):
    weights = kernel((height, 3 * group, outputs), seed)
    mask = m_by_n_mask(weights, zeros, group)
    groups = mask.reshape(height, 3, group, outputs)
    assert ((~groups).sum(axis=2) == zeros).all()
    smallest = np.sort(np.abs(weights).reshape(groups.shape), axis=2)[:, :, :zeros]
    np.testing.assert_array_equal(
        np.sort(np.where(groups, 0, np.abs(weights).reshape(groups.shape)), axis=2)[:, :, -zeros:],
        smallest,
    )


def test_an_unfilled_group_counts_the_zeros_that_fill_it():
    weights = np.array([[4], [3], [2], [1], [6], [5]], "float32")
    mask = m_by_n_mask(weights, 2, 4)
    np.testing.assert_array_equal(mask[:, 0], [True, True, False, False, True, True])

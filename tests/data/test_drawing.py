import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastc.data.drawing import draw_parts


def drawn(labels, groups, sizes, seed=0):
    labels, classes = np.asarray(labels), int(np.max(labels)) + 1
    return draw_parts(labels, np.asarray(groups), classes, sizes, np.random.default_rng(seed))


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=6),
    st.lists(st.floats(0, 0.4), min_size=1, max_size=3),
    st.integers(0, 9),
)
def test_single_rows_give_exact_sizes_in_the_classes_proportions(counts, shares, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    shares = shares if sum(shares) <= 1 else [share / sum(shares) for share in shares]
    sizes = [int(share * len(labels)) for share in shares]
    part_of = drawn(labels, np.arange(len(labels)), sizes, seed)
    assert np.bincount(part_of, minlength=len(sizes) + 1)[: len(sizes)].tolist() == sizes
    got = np.bincount(labels[part_of == 0], minlength=len(counts))
    assert np.all(np.abs(got - np.array(counts) * sizes[0] / len(labels)) < 1)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 30), min_size=20, max_size=120), st.integers(0, 9))
def test_groups_stay_together_and_no_part_gets_more_than_asked(groups, seed):
    labels = np.random.default_rng(seed).integers(0, 3, len(groups))
    sizes = [len(groups) // 5, len(groups) // 3]
    part_of = drawn(labels, groups, sizes, seed)
    for group in set(groups):
        assert len(set(part_of[np.array(groups) == group])) == 1
    assert all((part_of == part).sum() <= size for part, size in enumerate(sizes))


def test_a_few_pairs_do_not_change_the_sizes():
    labels = np.tile(np.arange(4), 100)
    groups = np.arange(400)
    groups[4:12] = groups[:4].repeat(2)  # not all within a class
    part_of = drawn(labels, groups, [40, 120])
    assert np.bincount(part_of).tolist() == [40, 120, 240]


def test_a_part_does_not_depend_on_those_behind_it_and_larger_ones_contain_smaller():
    labels = np.random.default_rng(1).integers(0, 5, 300)
    few, many = (drawn(labels, np.arange(300), [60, labelled]) for labelled in (50, 150))
    np.testing.assert_array_equal(few == 0, many == 0)
    assert set(np.flatnonzero(few == 1)) < set(np.flatnonzero(many == 1))


@pytest.mark.parametrize("seed", [1, 2])
def test_the_seed_decides(seed):
    labels = np.arange(90) % 3
    one, again, other = (drawn(labels, np.arange(90), [30], s) for s in (seed, seed, seed + 5))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()

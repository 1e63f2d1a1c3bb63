"""Labels that are drawn towards those of similar images."""

import numpy as np
import pytest
from sklearn.datasets import make_moons
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

from kerastc.methods import neighbours, propagation
from kerastc.methods.propagation import nearest, propagated


def vectors(count=60, width=8, seed=0):
    found = np.random.default_rng(seed).normal(size=(count, width)).astype("float32")
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_neighbours_are_those_of_scikit_learn(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", 7)
    points = vectors()
    rows, weights = nearest(points, 20, 5)
    model = NearestNeighbors(n_neighbors=6, metric="cosine").fit(points)
    expected = model.kneighbors(points[20:], return_distance=False)[:, 1:]  # the first is itself
    np.testing.assert_array_equal(np.sort(rows, axis=1), np.sort(expected, axis=1))
    cosines = np.take_along_axis(cosine_similarity(points[20:], points), rows, axis=1)
    powers = np.maximum(cosines, 1e-3) ** propagation.SHARPNESS
    np.testing.assert_allclose(weights, powers / powers.sum(1, keepdims=True), rtol=1e-3)


def test_twins_are_neighbours_but_nobody_is_its_own():
    points = np.repeat(vectors(6), 2, axis=0)
    rows, weights = nearest(points, 0, 1)
    assert rows[:, 0].tolist() == [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10]
    np.testing.assert_allclose(weights, 1)


def test_more_neighbours_than_there_are_others_are_all_of_them():
    rows, weights = nearest(vectors(4), 2, 50)
    assert rows.shape == weights.shape == (2, 3)


def test_where_all_others_are_unlike_weights_still_sum_to_one():
    points = np.array([[1, 0], [-1, 0], [-1, 0]], "float32")
    _, weights = nearest(points, 0, 2)
    assert np.isfinite(weights).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)


def test_labels_come_nearer_to_the_closed_form():
    """Of many steps, F = keep (I - (1 - keep) W_uu)^-1 (Y + (1 - keep) / keep W_ul Y_l)."""
    points, labels = vectors(40), np.arange(10) % 3
    found = np.random.default_rng(1).dirichlet(np.ones(3), 30)
    rows, weights = nearest(points, 10, 6)
    graph = np.zeros((30, 40))
    np.put_along_axis(graph, rows, weights.astype("float64"), axis=1)
    keep = propagation.KEPT
    fixed = keep * found + (1 - keep) * graph[:, :10] @ np.eye(3)[labels]
    exact = np.linalg.solve(np.eye(30) - (1 - keep) * graph[:, 10:], fixed)
    gaps = [
        np.abs(result - exact).max() for result in (found, propagated(found, points, labels, 6))
    ]
    assert gaps[1] < 0.5**propagation.STEPS * gaps[0] + 1e-6


def test_rows_are_probabilities_of_their_own_kind():
    found = np.random.default_rng(1).dirichlet(np.ones(4), 50)
    result = propagated(found, vectors(), np.arange(10) % 4, 5)
    assert result.shape == (50, 4) and result.min() >= 0
    np.testing.assert_allclose(result.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_doubtful_labels_are_mended_by_where_the_images_lie(seed):
    points, truth = make_moons(400, noise=0.05, random_state=seed)
    centred = points - points.mean(axis=0)
    lifted = np.concatenate([centred, centred**2, np.ones((400, 1))], axis=1).astype("float32")
    lifted /= np.linalg.norm(lifted, axis=1, keepdims=True)
    random = np.random.default_rng(seed)
    known, unknown = slice(0, 40), slice(40, 400)
    # Right in seven of ten, and not sure of anything.
    said = np.where(random.random(360) < 0.7, truth[unknown], 1 - truth[unknown])
    found = np.where(np.arange(2) == said[:, None], 0.6, 0.4)
    before = (found.argmax(axis=1) == truth[unknown]).mean()
    after = (propagated(found, lifted, truth[known], 10).argmax(axis=1) == truth[unknown]).mean()
    assert before < 0.75 and after > before + 0.1

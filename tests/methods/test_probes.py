"""The probes against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kerastc.methods.probes import (
    Features,
    linear_probe,
    neighbour_probe,
    neighbour_votes,
    soft_layer,
)
from kerastc.scores.softmax import softmax


def clusters(rows, seed, spread=1.0, classes=4, width=6):
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(classes, width)) * 2
    labels = random.integers(0, classes, rows)
    vectors = centres[labels] + spread * random.normal(size=(rows, width))
    return Features(vectors.astype("float32"), labels)


@pytest.mark.parametrize("k", [1, 7, 40])
def test_votes_are_those_of_scikit_learn(k):
    train, queries = clusters(120, 1), clusters(33, 2)
    reference = KNeighborsClassifier(
        k, metric="cosine", weights=lambda distances: np.exp((1 - distances) / 0.07)
    ).fit(train.vectors, train.labels)
    expected = reference.predict_proba(queries.vectors)
    np.testing.assert_allclose(neighbour_votes(train, queries.vectors, k), expected, atol=1e-4)


def test_votes_do_not_depend_on_the_blocks(monkeypatch):
    train, queries = clusters(60, 1), clusters(25, 2)
    whole = neighbour_votes(train, queries.vectors, 20)
    monkeypatch.setattr("kerastc.methods.neighbours.BLOCK", 7)
    np.testing.assert_allclose(neighbour_votes(train, queries.vectors, 20), whole)


def test_a_small_temperature_does_not_overflow():
    train = clusters(60, 1)
    votes = neighbour_votes(train, train.vectors, 60, temperature=1e-4)
    np.testing.assert_array_equal(votes.argmax(axis=1), train.labels)  # each is its own nearest


def test_neighbours_are_chosen_on_validation_and_never_more_than_there_are():
    train, validation, test = clusters(60, 1), clusters(40, 2), clusters(50, 3)
    told = neighbour_probe(train, validation, test)
    assert told["neighbours"] in (20, 50)
    votes = neighbour_votes(train, test.vectors, told["neighbours"])
    assert told["test accuracy"] == (votes.argmax(axis=1) == test.labels).mean()
    few = Features(train.vectors[:9], train.labels[:9])
    assert neighbour_probe(few, validation, test)["neighbours"] == 9


def test_the_linear_probe_separates_what_is_separable():
    parts = [clusters(200, seed, spread=0.3) for seed in (1, 2, 3)]
    told = linear_probe(*parts)
    assert told["validation accuracy"] == told["test accuracy"] == 1.0
    shuffled = [
        Features(part.vectors, np.random.default_rng(i).permutation(part.labels))
        for i, part in enumerate(parts)
    ]
    assert linear_probe(*shuffled)["test accuracy"] < 0.45  # nothing to learn: chance is 0.25


def test_the_linear_probe_does_not_depend_on_the_scale_of_a_feature():
    parts = [clusters(80, seed) for seed in (1, 2, 3)]
    scale = np.array([1e-3, 1, 1e3, 1, 10, 1], "float32")
    scaled = [Features(part.vectors * scale + 5, part.labels) for part in parts]
    told, other = linear_probe(*parts), linear_probe(*scaled)
    assert told == pytest.approx(other, abs=0.02)


@pytest.mark.parametrize("classes", [2, 4])
def test_the_soft_layer_says_what_a_logistic_regression_says(classes):
    train, other = (clusters(150, seed, classes=classes) for seed in (1, 2))
    kernel, bias = soft_layer(train)
    assert kernel.shape == (6, classes) and bias.shape == (classes,)
    reference = make_pipeline(StandardScaler(), LogisticRegression(C=10 / 150))
    expected = reference.fit(train.vectors, train.labels).predict_proba(other.vectors)
    np.testing.assert_allclose(softmax(other.vectors @ kernel + bias), expected, atol=5e-3)

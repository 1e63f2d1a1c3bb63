"""Measures an encoder before fine-tuning: simple classifiers on its frozen features."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from kerastc.methods.neighbours import nearest_of, unit

TEMPERATURE = 0.07  # of the votes; Wu et al. 2018, section 3.4
NEIGHBOURS = (20, 50, 100, 200)
STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # inverse penalties, as in scikit-learn
SOFT = 10  # over the number of images: the inverse penalty of the layer to fine-tune


@dataclass(frozen=True)
class Features:
    """The features of images.

    Args:
        vectors: (n, width) float32.
        labels: (n,) int.
    """

    vectors: np.ndarray
    labels: np.ndarray


def linear_probe(train: Features, validation: Features, test: Features) -> dict[str, float]:
    """Logistic regression on standardised features; validation chooses the penalty.

    Args:
        train: has every class.
        validation, test: the parts to measure.

    Returns:
        "validation accuracy", "test accuracy" and the "inverse penalty".
    """
    mean, deviation = _scale(train)

    def right(model, part):
        return float(model.score((part.vectors - mean) / deviation, part.labels))

    rows = (train.vectors - mean) / deviation
    best = (-1.0, None)
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, tol=1e-3, max_iter=2000).fit(rows, train.labels)
        best = max(best, (right(model, validation), model), key=lambda pair: pair[0])
    accuracy, model = best
    return {
        "validation accuracy": accuracy,
        "test accuracy": right(model, test),
        "inverse penalty": model.C,
    }


def soft_layer(train: Features) -> tuple[np.ndarray, np.ndarray]:
    """A last layer to start fine-tuning from: a logistic regression with low confidence.

    The most accurate probe magnifies each change of the features, by dropout, mixtures and the
    first steps themselves, which then undo what the encoder has learned: on CIFAR-100 the loss
    began at 8.4 with it, and at 4.0 with this layer.

    Args:
        train: has every class.

    Returns:
        kernel (width, classes) and bias (classes,), for features as they are.
    """
    mean, deviation = _scale(train)
    model = LogisticRegression(C=SOFT / len(train.labels), tol=1e-3, max_iter=2000)
    model.fit((train.vectors - mean) / deviation, train.labels)
    weights, bias = model.coef_.T, model.intercept_
    if len(bias) == 1:  # for two classes, scikit-learn has the second one's margin
        weights, bias = (np.concatenate([0 * part, part], axis=-1) for part in (weights, bias))
    kernel = weights / deviation[:, None]
    return kernel, bias - mean @ kernel


def _scale(train: Features) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each feature, (width,)."""
    return train.vectors.mean(axis=0), train.vectors.std(axis=0) + 1e-6


def neighbour_probe(train: Features, validation: Features, test: Features) -> dict[str, float]:
    """Classification by the nearest training images; validation chooses how many.

    Returns:
        "validation accuracy", "test accuracy", and the "neighbours".
    """
    allowed = [k for k in NEIGHBOURS if k <= len(train.labels)] or [len(train.labels)]

    def right(part, k):
        return float((neighbour_votes(train, part.vectors, k).argmax(1) == part.labels).mean())

    best = max(allowed, key=lambda k: right(validation, k))
    return {
        "validation accuracy": right(validation, best),
        "test accuracy": right(test, best),
        "neighbours": best,
    }


def neighbour_votes(
    train: Features, vectors: np.ndarray, k: int, temperature: float = TEMPERATURE
) -> np.ndarray:
    """The votes of the k nearest by cosine, each weighing exp(cosine / temperature).

    Wu et al. 2018, Unsupervised Feature Learning via Non-Parametric Instance Discrimination,
    section 3.4.

    Args:
        train: the voters.
        vectors: (m, width) float32.
        k: at most the number of `train`.
        temperature: above 0.

    Returns:
        (m, classes) float64, each row's sum 1.
    """
    members = np.eye(train.labels.max() + 1)[train.labels]
    votes = np.empty((len(vectors), members.shape[1]))
    for part, nearest, cosines in nearest_of(unit(vectors), unit(train.vectors), k):
        # From the greatest downwards: no temperature overflows.
        weights = np.exp((cosines - cosines.max(axis=1, keepdims=True)) / temperature)
        weights /= weights.sum(axis=1, keepdims=True)
        votes[part] = np.einsum("nk,nkc->nc", weights, members[nearest])
    return votes

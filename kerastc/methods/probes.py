"""What an encoder is worth before it is fine-tuned: simple classifiers on its frozen features."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from kerastc.methods.neighbours import nearest_of, unit

TEMPERATURE = 0.07  # of the votes; Wu et al. 2018, section 3.4
NEIGHBOURS = (20, 50, 100, 200)
STRENGTHS = (
    0.001,
    0.003,
    0.01,
    0.03,
    0.1,
    0.3,
    1.0,
)  # inverse of the penalty, as scikit-learn has it


@dataclass(frozen=True)
class Features:
    """Images as an encoder sees them.

    Args:
        vectors: (n, width) float32.
        labels: (n,) int.
    """

    vectors: np.ndarray
    labels: np.ndarray


def linear_probe(
    train: Features, validation: Features, test: Features
) -> tuple[dict[str, float], tuple[np.ndarray, np.ndarray]]:
    """Logistic regression on standardised features; validation chooses the penalty.

    The layer that is returned has the penalty of the least cross-entropy on validation, a stronger
    one than that of the best accuracy: a sharp layer magnifies each change of the features, and so
    the first steps of fine-tuning undo them.

    Args:
        train: has every class.
        validation, test: what is judged.

    Returns:
        "validation accuracy", "test accuracy" and the "inverse penalty"; and a layer behind the
        features as they are: kernel (width, classes) and bias (classes,).
    """
    mean, deviation = train.vectors.mean(axis=0), train.vectors.std(axis=0) + 1e-6

    def standard(part):
        return (part.vectors - mean) / deviation

    def loss(model):
        return log_loss(
            validation.labels, model.predict_proba(standard(validation)), labels=model.classes_
        )

    models = [
        LogisticRegression(C=strength, tol=1e-3, max_iter=2000).fit(standard(train), train.labels)
        for strength in STRENGTHS
    ]
    right = [float(model.score(standard(validation), validation.labels)) for model in models]
    best = models[int(np.argmax(right))]
    figures = {
        "validation accuracy": max(right),
        "test accuracy": float(best.score(standard(test), test.labels)),
        "inverse penalty": best.C,
    }
    soft = min(models, key=loss)
    weights, bias = soft.coef_.T, soft.intercept_
    if len(bias) == 1:  # of two classes, scikit-learn has the second one's lead
        weights, bias = (np.concatenate([0 * part, part], axis=-1) for part in (weights, bias))
    kernel = weights / deviation[:, None]
    return figures, (kernel, bias - mean @ kernel)


def neighbour_probe(train: Features, validation: Features, test: Features) -> dict[str, float]:
    """The classes of the nearest training images; validation chooses how many.

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
        train: who votes.
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

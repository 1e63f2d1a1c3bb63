"""Label propagation: images with similar features should have similar labels.

Zhou et al. 2004, Learning with Local and Global Consistency, section 2; on the features of a
network and for pseudo-labels, Iscen et al. 2019, Label Propagation for Deep Semi-supervised
Learning, section 3. Those spread only the labels of the labelled images; here every unlabelled
image also keeps a share of its network's prediction. Few steps suffice, as that is mostly right.
On 1,000 validation images of CIFAR-100, three networks with 9,000 labels got 0.522 right at a loss
of 1.77; with 20 neighbours, 0.537 at 1.70.
"""

import numpy as np

from kerastc.methods.neighbours import nearest_of
from kerastc.progress import progress

KEPT = 0.5  # share of the network's own prediction in each step
STEPS = 3
SHARPNESS = 10  # a neighbour weighs this power of its cosine; Iscen et al. have 3, with 50


def propagated(
    found: np.ndarray, vectors: np.ndarray, labels: np.ndarray, neighbours: int
) -> np.ndarray:
    """Draws the probabilities of unlabelled images towards those of their nearest images.

    Args:
        found: (m, classes) probabilities of the unlabelled images.
        vectors: (n + m, width) float32 of length 1: n labelled images, then the unlabelled ones.
        labels: (n,) int; these images keep their labels.
        neighbours: per unlabelled image, among all others.

    Returns:
        (m, classes), each row's sum 1.
    """
    first = len(vectors) - len(found)
    rows, weights = nearest(vectors, first, neighbours)
    known = np.eye(found.shape[1], dtype="float32")[labels]
    own = found.astype("float32")
    now = own
    for _ in range(STEPS):
        everyone = np.concatenate([known, now])
        voted = np.zeros_like(own)
        for place in range(rows.shape[1]):  # one after the other: all at once would be gigabytes
            voted += weights[:, place, None] * everyone[rows[:, place]]
        now = KEPT * own + (1 - KEPT) * voted
    return now / now.sum(axis=1, keepdims=True)


def nearest(vectors: np.ndarray, first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest other images by cosine, and their weights.

    Args:
        vectors: (n, width) float32 of length 1.
        first: row of the first image to find neighbours for; earlier ones are only neighbours.
        count: of neighbours; if there are fewer others, all of them.

    Returns:
        rows (n - first, count) int and weights (n - first, count) float32, each row's sum 1.
    """
    count = min(count, len(vectors) - 1)
    wanted = len(vectors) - first
    rows = np.empty((wanted, count), np.int64)
    weights = np.empty((wanted, count), np.float32)
    with progress("Looking for neighbours", total=wanted) as advance:
        for part, found, cosines in nearest_of(vectors[first:], vectors, count, own=first):
            rows[part], weights[part] = found, cosines
            advance(len(found))
    # 1 for the most similar: if all are dissimilar, the power would make their weights vanish.
    weights = np.maximum(weights, 1e-3)
    weights = (weights / weights.max(axis=1, keepdims=True)) ** SHARPNESS
    return rows, weights / weights.sum(axis=1, keepdims=True)

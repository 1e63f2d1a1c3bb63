"""Mixtures: an image is mixed with another in the batch, and its target with the other's.

Both methods return the mixed images, the row that each was mixed with (n,) int, and the share (n,)
float32 that is its own. Each image has its own share, as in the equations of both papers; the
authors' own programs draw one per batch.
"""

from dataclasses import dataclass

import numpy as np

Mixed = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Mixture:
    """The mixing applied to whole batches.

    Args:
        alpha: for mixup; 0 leaves those batches as they are.
        cut: share of the batches that get `cutmix` instead.
    """

    alpha: float
    cut: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.alpha or self.cut)

    def __call__(self, images: np.ndarray, random: np.random.Generator) -> Mixed:
        """Mixes a batch by one of the two methods; arguments and result as theirs.

        A single image stays as it is.
        """
        if len(images) > 1:
            if self.cut and random.random() < self.cut:
                return cutmix(images, random)
            if self.alpha:
                return mixup(images, self.alpha, random)
        return images, np.arange(len(images)), np.ones(len(images), np.float32)


def mixup(images: np.ndarray, alpha: float, random: np.random.Generator) -> Mixed:
    """Blends each image with another one.

    Args:
        images: (n, ...) float32.
        alpha: above 0, of the Beta(alpha, alpha) distribution of the shares.
        random: draws partners and shares.

    Reference: Zhang et al. 2018, mixup: Beyond Empirical Risk Minimization, section 2.
    """
    partners = random.permutation(len(images))
    share = random.beta(alpha, alpha, len(images)).astype(np.float32)
    return _blended(images, partners, share), partners, share


def cutmix(images: np.ndarray, random: np.random.Generator) -> Mixed:
    """Pastes a box from another image into each; its share is the area that remains visible.

    Args:
        images: (n, height, width, channels) float32.
        random: draws partners, the boxes' areas, evenly from 0 to all, and their centres.

    Reference: Yun et al. 2019, CutMix, section 3.1, eqs. 1 and 2.
    """
    n, height, width, _ = images.shape
    partners = random.permutation(n)
    side = np.sqrt(random.random(n))
    within = []
    for length in (height, width):
        centre, half = random.random(n) * length, side * length / 2
        pixels = np.arange(length) + 0.5
        within.append(np.abs(pixels - centre[:, None]) < half[:, None])
    rows, columns = within
    share = (1 - rows.mean(axis=1) * columns.mean(axis=1)).astype(np.float32)
    box = rows[:, :, None, None] & columns[:, None, :, None]
    return np.where(box, images[partners], images), partners, share


def mixed_targets(targets: np.ndarray, partners: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The targets of mixed images.

    Args:
        targets: (n, 1) int, or (n, ...) float probabilities.
        partners, share: (n,), from the mixture.

    Returns:
        for integers (n, 3) float32: the image's own, its partner's, and the share; probabilities
        are blended, as images are by `mixup`.
    """
    if targets.dtype.kind == "f":
        return _blended(targets, partners, share)
    return np.concatenate([targets, targets[partners], share[:, None]], axis=1, dtype="float32")


def _blended(values: np.ndarray, partners: np.ndarray, share: np.ndarray) -> np.ndarray:
    kept = share.reshape(-1, *[1] * (values.ndim - 1))
    other = values[partners]
    other *= 1 - kept
    other += kept * values
    return other

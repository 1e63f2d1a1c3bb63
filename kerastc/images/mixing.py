"""Mixup: an image and its target are mixed with another of the batch."""

import numpy as np


def mixup(
    images: np.ndarray, targets: np.ndarray, alpha: float, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mixes each image and its target with those of another row of the batch, in equal shares.

    Args:
        images: (n, ...) float32.
        targets: (n, classes) float32, one-hot or soft.
        alpha: above 0, of the Beta(alpha, alpha) that the shares are drawn from.
        random: draws a share for each image, as the equation of the paper has it; the authors' own
            program draws one for a batch.

    Returns:
        the mixed images and targets, the row that each was mixed with (n,) int, and the share (n,)
        float32 that it kept of itself.

    Reference: Zhang et al. 2018, mixup: Beyond Empirical Risk Minimization, section 2.
    """
    partners = random.permutation(len(images))
    share = random.beta(alpha, alpha, len(images)).astype(np.float32)

    def mixed(values: np.ndarray) -> np.ndarray:
        kept = share.reshape(-1, *[1] * (values.ndim - 1))
        other = values[partners]
        other *= 1 - kept
        other += kept * values
        return other

    return mixed(images), mixed(targets), partners, share

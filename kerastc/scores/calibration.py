"""Whether probabilities can be trusted: accuracy against confidence, and intervals of shares.

Devices measure exported models with this code, too: only NumPy is imported here.
"""

from dataclasses import dataclass

import numpy as np

CALIBRATION_BINS = 10  # of equal width over the confidence, 0 to 1
_Z = 1.959963984540054  # the normal quantile of a two-sided 95 % interval


@dataclass(frozen=True)
class ReliabilityBins:
    """Rows by the probability of their predicted class; empty bins hold NaN.

    Args:
        edges: (bins + 1,) borders; a bin contains the confidences above its lower border.
        counts: (bins,) rows.
        confidence: (bins,) mean probability of the predicted class.
        accuracy: (bins,) share of right predictions.
    """

    edges: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray


def reliability_bins(
    labels: np.ndarray, probabilities: np.ndarray, bins: int = CALIBRATION_BINS
) -> ReliabilityBins:
    """Accuracy against confidence in bins of equal width (Guo et al. 2017, section 2).

    Args:
        labels: (n,) int.
        probabilities: (n, classes) float.
        bins: their number.
    """
    confidence = np.asarray(probabilities, dtype=np.float64).max(axis=1)
    right = np.asarray(probabilities).argmax(axis=1) == np.asarray(labels)
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    below = np.where(counts, counts, np.nan)
    return ReliabilityBins(
        edges,
        counts,
        np.bincount(place, confidence, bins) / below,
        np.bincount(place, right, bins) / below,
    )


def expected_calibration_error(
    labels: np.ndarray, probabilities: np.ndarray, bins: int = CALIBRATION_BINS
) -> float:
    """Mean distance of accuracy from confidence, weighted by rows per bin (Guo et al., eq. 3)."""
    table = reliability_bins(labels, probabilities, bins)
    gap = np.nan_to_num(np.abs(table.accuracy - table.confidence))
    return float((gap * table.counts).sum() / table.counts.sum())


def wilson_interval(right: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95 % bounds of shares `right / rows` (Wilson 1927); reliable for few rows, as plots need.

    Args:
        right: (...) int, successes.
        rows: (...) int, trials, above zero.
    """
    right, rows = np.asarray(right, dtype=np.float64), np.asarray(rows, dtype=np.float64)
    share = right / rows
    centre = (share + _Z**2 / (2 * rows)) / (1 + _Z**2 / rows)
    half = _Z / (1 + _Z**2 / rows) * np.sqrt(share * (1 - share) / rows + (_Z / (2 * rows)) ** 2)
    # At shares of 0 and 1 a bound equals the share; rounding must not put it on the wrong side.
    return np.minimum(centre - half, share), np.maximum(centre + half, share)

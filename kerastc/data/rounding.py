"""Shares of rows rounded to whole ones: the method of the largest remainder."""

import numpy as np


def rounded_shares(quotas: np.ndarray, total: int, wish: np.ndarray) -> np.ndarray:
    """Rounds `quotas` to sum to `total`: down, then up where `wish` exceeds them the most.

    Whole quotas stay as they are, so that every class is within one row of its share.
    """
    whole = np.floor(quotas + 1e-9).astype(np.int64)
    order = np.lexsort((-np.round(wish - whole, 9), quotas - whole < 1e-9))
    whole[order[: total - whole.sum()]] += 1
    return whole

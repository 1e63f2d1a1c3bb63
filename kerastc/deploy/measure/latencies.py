"""What the times of calls come to."""

from typing import Any

import numpy as np

PERCENTILES = (50, 90, 95, 99)


def latencies(milliseconds: np.ndarray, batch: int = 1) -> dict[str, Any]:
    """Figures of calls, (rounds, calls) float: over all, and how far the rounds differ.

    Args:
        milliseconds: of each call.
        batch: examples per call.

    Returns:
        `latency_ms` (p50, p90, p95, p99, mean, deviation), `rounds_ms` (p50 and mean of each) and
        `spread_ms`, between the lowest and the highest p50 of a round; `throughput`, examples per
        second; `seconds_per_100` examples, their mean and deviation over rounds.
    """
    quantiles = np.percentile(milliseconds, PERCENTILES)
    medians = np.median(milliseconds, axis=1)
    seconds = milliseconds.mean(axis=1) / 10 / batch  # of 100 examples
    return {
        "latency_ms": {
            **{f"p{n}": float(q) for n, q in zip(PERCENTILES, quantiles, strict=True)},
            "mean": float(milliseconds.mean()),
            "deviation": float(milliseconds.std()),
        },
        "rounds_ms": {"p50": medians.tolist(), "mean": milliseconds.mean(axis=1).tolist()},
        "spread_ms": float(medians.max() - medians.min()),
        "throughput": batch * 1000 / float(milliseconds.mean()),
        "seconds_per_100": {"mean": float(seconds.mean()), "deviation": float(seconds.std())},
    }

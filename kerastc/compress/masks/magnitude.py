"""Which weights stay when kernels are pruned: the largest, alone, in blocks, or in small groups.

A mask is True where a weight stays. Among equals the earlier stays, so the count is exact;
TensorFlow Model Optimization, which these follow otherwise, keeps all that equal the last one.
"""

from collections.abc import Sequence

import numpy as np


def magnitude_masks(
    kernels: Sequence[np.ndarray],
    sparsity: float,
    scope: str = "layer",
    block: tuple[int, int] = (1, 1),
) -> list[np.ndarray]:
    """Masks that leave the share `sparsity` of the weights, or blocks of weights, out.

    Args:
        kernels: (..., inputs, outputs) each; all axes but the last count as rows of a matrix.
        sparsity: at least 0, less than 1. One weight of each kernel stays in any case.
        scope: "layer": the share of each kernel; "global": of all together, so that one whose
            weights are small loses more.
        block: rows and columns that stay or go together, by their mean magnitude. Blocks begin in
            the corner; those at the other edges may be smaller.

    Returns:
        a boolean array of the shape of each kernel.

    References: Han et al. 2015, Learning both Weights and Connections, section 3; Zhu and Gupta
    2017, To Prune or Not to Prune, section 3.
    """
    pooled = [_pooled(kernel, block) for kernel in kernels]
    if scope == "global":
        kept = _largest_of_all(pooled, sparsity)
    else:
        kept = [_largest(p.reshape(-1), kept_count(p.size, sparsity)) for p in pooled]
    return [
        _spread(mask.reshape(p.shape), block, kernel.shape)
        for mask, p, kernel in zip(kept, pooled, kernels, strict=True)
    ]


def m_by_n_mask(kernel: np.ndarray, zeros: int, group: int) -> np.ndarray:
    """A mask that leaves the `zeros` smallest of every `group` weights along the inputs out.

    Args:
        kernel: (..., inputs, outputs).
        zeros: less than `group`.
        group: neighbours; where the inputs are no multiple of it, the last group is filled up with
            zeros that count.

    Reference: Mishra et al. 2021, Accelerating Sparse Deep Neural Networks, section 3 (2:4).
    """
    rows = np.moveaxis(np.abs(kernel), -2, -1)
    inputs = rows.shape[-1]
    filled = np.pad(rows, [(0, 0)] * (rows.ndim - 1) + [(0, -inputs % group)])
    groups = filled.reshape(-1, group)
    order = np.argsort(-groups, axis=-1, kind="stable")
    mask = np.zeros(groups.shape, bool)
    np.put_along_axis(mask, order[:, : group - zeros], True, axis=-1)
    return np.moveaxis(mask.reshape(filled.shape)[..., :inputs], -1, -2)


def kept_count(size: int, sparsity: float) -> int:
    """How many of so many stay: in single precision, rounded to even, as in TF-MOT."""
    return max(int(np.round(np.float32(size) * (1 - np.float32(sparsity)))), 1)


def _largest(scores: np.ndarray, count: int) -> np.ndarray:
    """True for the `count` largest of (n,) scores, of equals for the first."""
    threshold = np.partition(scores, len(scores) - count)[len(scores) - count]
    mask = scores > threshold
    equal = np.flatnonzero(scores == threshold)
    mask[equal[: count - int(mask.sum())]] = True
    return mask


def _largest_of_all(pooled: list[np.ndarray], sparsity: float) -> list[np.ndarray]:
    """As `_largest` over all arrays at once; the largest of each stays."""
    scores = np.concatenate([p.reshape(-1) for p in pooled])
    ends = np.cumsum([p.size for p in pooled])
    for end, p in zip(ends, pooled, strict=True):
        scores[end - p.size + p.argmax()] = np.inf
    mask = _largest(scores, max(kept_count(len(scores), sparsity), len(pooled)))
    return np.split(mask, ends[:-1])


def _pooled(kernel: np.ndarray, block: tuple[int, int]) -> np.ndarray:
    """The mean magnitude of each block, (blocks down, blocks across) float32."""
    pooled = np.abs(kernel.astype("float32")).reshape(-1, kernel.shape[-1])
    for axis, size in enumerate(block):
        if size > 1:
            starts = np.arange(0, pooled.shape[axis], size)
            sizes = np.diff(np.append(starts, pooled.shape[axis])).astype("float32")
            sums = np.add.reduceat(pooled, starts, axis=axis)
            pooled = sums / np.expand_dims(sizes, 1 - axis)
    return pooled


def _spread(mask: np.ndarray, block: tuple[int, int], shape: tuple[int, ...]) -> np.ndarray:
    """The mask of blocks as one of weights, of the kernel's shape."""
    for axis, size in enumerate(block):
        mask = mask.repeat(size, axis=axis)
    rows = int(np.prod(shape[:-1]))
    return mask[:rows, : shape[-1]].reshape(shape)

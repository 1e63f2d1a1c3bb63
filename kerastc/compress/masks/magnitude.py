"""Which weights stay when kernels are pruned: the largest, singly, in blocks or in small groups.

A mask is True where a weight stays. Of equal weights the earlier stays, so the count is exact;
TensorFlow Model Optimization, otherwise the model for these, keeps all that equal the last one.
"""

from collections.abc import Sequence

import numpy as np


def magnitude_masks(
    kernels: Sequence[np.ndarray],
    sparsity: float,
    scope: str = "layer",
    block: tuple[int, int] = (1, 1),
) -> list[np.ndarray]:
    """Masks that remove the share `sparsity` of the weights, or of blocks of weights.

    Args:
        kernels: each (..., inputs, outputs); all axes but the last count as rows of a matrix.
        sparsity: at least 0, less than 1. At least one weight of each kernel always stays.
        scope: "layer": the share of each kernel; "global": of all kernels together, so that one
            with small weights loses more.
        block: rows and columns that stay or go together, by their mean magnitude. Blocks start at
            the first row and column; those at the far edges may be smaller.

    Returns:
        for each kernel, a boolean array of its shape.

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
    """A mask that removes the `zeros` smallest of every `group` weights along the inputs.

    Args:
        kernel: (..., inputs, outputs).
        zeros: less than `group`.
        group: neighbouring inputs; if their number is not a multiple of it, the last group is
            padded with zeros, which count.

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
    """How many stay: in single precision, rounded to even, as in TF-MOT."""
    return max(int(np.round(np.float32(size) * (1 - np.float32(sparsity)))), 1)


def _largest(scores: np.ndarray, count: int) -> np.ndarray:
    """True for the `count` largest of (n,) scores; ties go to the first."""
    threshold = np.partition(scores, len(scores) - count)[len(scores) - count]
    mask = scores > threshold
    equal = np.flatnonzero(scores == threshold)
    mask[equal[: count - int(mask.sum())]] = True
    return mask


def _largest_of_all(pooled: list[np.ndarray], sparsity: float) -> list[np.ndarray]:
    """Like `_largest`, over all arrays at once; the largest of each array stays."""
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
    """Expands a mask of blocks to one of weights, of the kernel's shape."""
    for axis, size in enumerate(block):
        mask = mask.repeat(size, axis=axis)
    rows = int(np.prod(shape[:-1]))
    return mask[:rows, : shape[-1]].reshape(shape)

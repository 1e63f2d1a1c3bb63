"""Two thin matrices instead of a kernel: with the least error, and of how low a rank.

References: Eckart and Young 1936; for the weighted form Chen et al. 2021, DRONE: Data-aware
Low-rank Compression for Large NLP Models, theorem 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from kerastc.models.layer_paths import ReplaceableLayer, replace
from kerastc.models.low_rank import FactorisedEmbedding, LowRankConv2D, LowRankDense
from kerastc.models.parts import encoder_layer

RIDGE = 1e-4  # of the mean input energy: directions absent from calibration still count a little


@dataclass(frozen=True)
class Factors:
    """Layers of low rank in place of others.

    Args:
        made: by path.
        lost: the share of its output's energy that each costs.
        kept: the paths of those that would not be smaller, and stay.
    """

    made: Mapping[str, keras.layers.Layer]
    lost: Mapping[str, float]
    kept: list[str]


def factors(
    found: Sequence[ReplaceableLayer],
    spectra: "Mapping[str, Spectrum]",
    ranks: Mapping[str, int],
) -> Factors:
    """Layers of these ranks, for those that become smaller by it.

    Args:
        found: layers with a kernel or a table.
        spectra, ranks: of each, by path.
    """
    made, lost, kept = {}, {}, []
    for one in found:
        spectrum, rank = spectra[one.path], ranks[one.path]
        if not smaller(rank, *spectrum.shape):
            kept.append(one.path)
            continue
        made[one.path] = factorised(one.layer, *spectrum.factors(rank))
        lost[one.path] = round(spectrum.lost(rank), 4)
    return Factors(made, lost, kept)


def with_narrow_table(model: keras.Model, width: int, counts: np.ndarray) -> keras.Model:
    """A compact model with a token table of fewer columns, and a matrix that widens them.

    Args:
        model: its encoder has a plain table; must not be used afterwards.
        width: of the new table.
        counts: (tokens,) float, how often each is read: by these the product of both has the least
            squared error.

    Reference: Lan et al. 2019, ALBERT, section 3.1.
    """
    encoder = encoder_layer(model)
    spectrum = Spectrum.of(matrix(encoder.tokens), counts / counts.sum())
    low = factorised(encoder.tokens, *spectrum.factors(width))
    return replace(model, {f"{encoder.name}/tokens": low})


class Spectrum:
    """The singular values of a kernel as its inputs see it, largest first.

    Args:
        root: (m, m) L with C = L L^T, or (m,) its diagonal; None is the identity.
        left, values, right: the SVD of L^T W.
    """

    def __init__(self, root, left, values, right):
        self.root, self.left, self.values, self.right = root, left, values, right
        self.shape = (len(left), right.shape[1])

    @classmethod
    def of(cls, kernel: np.ndarray, moment: np.ndarray | None = None) -> "Spectrum":
        """From a kernel (m, n) and its inputs' second moment: (m, m), or (m,) its diagonal."""
        kernel = kernel.astype("float64")
        root = None if moment is None else _root(moment)
        if root is not None:
            kernel = root[:, None] * kernel if root.ndim == 1 else root.T @ kernel
        return cls(root, *np.linalg.svd(kernel, full_matrices=False))

    def factors(self, rank: int) -> tuple[np.ndarray, np.ndarray]:
        """(m, rank) and (rank, n) float32, the minimiser of E|xW - x W_r|^2.

        The rank-r SVD of L^T W, multiplied by L^-T.
        """
        scale = np.sqrt(self.values[:rank])  # split evenly, so that both train alike
        left, right = self.left[:, :rank] * scale, self.right[:rank] * scale[:, None]
        if self.root is not None:
            left = (
                left / self.root[:, None]
                if self.root.ndim == 1
                else np.linalg.solve(self.root.T, left)
            )
        return left.astype("float32"), right.astype("float32")

    def lost(self, rank: int) -> float:
        """The share of the output's energy that a cut to this rank costs."""
        energy = self.values**2
        return float(energy[rank:].sum() / max(energy.sum(), np.finfo(float).tiny))

    def rank_for(self, energy: float) -> int:
        """The lowest rank that keeps this share of the output's energy."""
        kept = np.cumsum(self.values**2)
        return int(np.searchsorted(kept, energy * kept[-1])) + 1


def share_budget(spectra: Mapping[str, Spectrum], budget: float) -> dict[str, int]:
    """The ranks that lose least in total of each layer's output energy, by share, for a budget.

    Singular values fall, so always taking the best gain per parameter is optimal.

    Args:
        spectra: of each layer.
        budget: the share of the layers' parameters that may stay.

    Returns:
        rank of each layer, at least 1; full rank if factors would not be smaller.
    """
    allowed = budget * sum(m * n for m, n in (s.shape for s in spectra.values()))
    ranks = dict.fromkeys(spectra, 1)
    used = sum(sum(s.shape) for s in spectra.values())
    offers = []
    for path, s in spectra.items():
        gains = s.values**2 / max((s.values**2).sum(), np.finfo(float).tiny)
        offers += [(gain / sum(s.shape), path) for gain in gains[1:]]
    for _, path in sorted(offers, key=lambda offer: -offer[0]):
        cost = sum(spectra[path].shape)
        if used + cost > allowed:
            break
        ranks[path] += 1
        used += cost
    return ranks


def smaller(rank: int, inputs: int, outputs: int) -> bool:
    """Whether factors of this rank have fewer parameters than the kernel."""
    return rank * (inputs + outputs) < inputs * outputs


def matrix(layer: keras.layers.Layer) -> np.ndarray:
    """The layer's kernel, (inputs, outputs); a convolution's inputs are those of a patch."""
    kernel = layer.embeddings if hasattr(layer, "embeddings") else layer.kernel
    array = keras.ops.convert_to_numpy(kernel)
    return array.reshape(-1, array.shape[-1])


def factorised(layer, left: np.ndarray, right: np.ndarray) -> keras.layers.Layer:
    """A layer with the two factors, otherwise like `layer`."""
    rank = left.shape[1]
    named = {"name": layer.name, "dtype": layer.dtype_policy}
    if isinstance(layer, keras.layers.Embedding):
        new = FactorisedEmbedding(layer.input_dim, rank, layer.output_dim, **named)
        new.build(None)
        new.set_weights([left, right])
        return new
    if isinstance(layer, keras.layers.Conv2D):
        new = LowRankConv2D.like(layer, rank)
        new.build((None, None, None, layer.kernel.shape[2]))
        left = left.reshape(*layer.kernel.shape[:3], rank)
        right = right.reshape(1, 1, *right.shape)
    else:
        new = LowRankDense(layer.units, rank, layer.use_bias, layer.activation, **named)
        new.build((None, len(left)))
    new.set_weights([left, right, *layer.get_weights()[1:]])
    return new


def _root(moment: np.ndarray) -> np.ndarray:
    """L of C = L L^T, with a ridge so that it can be inverted."""
    if moment.ndim == 1:
        return np.sqrt(moment + RIDGE * max(moment.mean(), np.finfo(float).tiny))
    ridge = RIDGE * np.trace(moment) / len(moment)
    return np.linalg.cholesky(moment + max(ridge, np.finfo(float).tiny) * np.eye(len(moment)))

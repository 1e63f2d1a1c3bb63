"""Low rank: a pair of thin matrices instead of a kernel.

    low-rank:rank=30                   the same rank everywhere
    low-rank:energy=0.9                this share of each layer's output energy stays
    low-rank:budget=0.3                this share of the parameters stays, where they matter most

The factors minimise the error on real inputs, not that of the kernel itself: that costs a fraction
of the accuracy (`weighted=false` shows how much).

References: Eckart and Young 1936; for the weighted form Chen et al. 2021, DRONE: Data-aware
Low-rank Compression for Large NLP Models, theorem 1.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from kerastc.capabilities import Capability
from kerastc.compress.steps.step import Step
from kerastc.errors import UserError
from kerastc.training.config import Count

if TYPE_CHECKING:
    import keras

    from kerastc.compress.layer_paths import ReplaceableLayer
    from kerastc.compress.work import Work

RIDGE = 1e-4  # of the mean input energy: directions absent from calibration still count a little


class LowRank(Step):
    """Factors instead of kernels; a kernel whose factors would not be smaller stays."""

    name: ClassVar[str] = "low-rank"
    short: ClassVar[str] = "rank"
    capability_of_field: ClassVar[Mapping[str, Capability]] = {"embedding": Capability.TOKENS}

    rank: Count | None = None  # of every layer
    energy: Annotated[float, Field(gt=0, lt=1)] | None = None  # share of the squared output kept
    budget: Annotated[float, Field(gt=0, lt=1)] | None = None  # share of the parameters kept
    embedding: Count | None = None  # rank of the token table; none: unchanged
    weighted: bool = True  # least error on real inputs; false: of the kernel itself (plain SVD)
    rows: Count = 512  # training rows to measure the inputs on
    exclude: str = ""  # regular expression: layers that stay, such as classifier|query

    def check(self, before: list[Step]) -> None:
        given = [key for key in ("rank", "energy", "budget") if getattr(self, key) is not None]
        if len(given) > 1:
            raise UserError(
                f"low-rank takes one of rank, energy and budget, not {' and '.join(given)}."
            )
        if not given and self.embedding is None:
            raise UserError(
                "low-rank needs to know how low.",
                "Give one: low-rank:rank=50, low-rank:energy=0.9, low-rank:budget=0.3, "
                "low-rank:embedding=128",
            )

    def apply(self, work: "Work") -> dict[str, Any]:
        from kerastc.compress.layer_paths import replace, replaceable_layers
        from kerastc.models import compact

        work.model = compact(work.model)
        spared = work.subject.input.full_rank(work.model)
        found = [
            one
            for one in replaceable_layers(work.model, self.exclude)
            if self._wants(one) and one.layer not in spared
        ]
        if not found:
            raise UserError(
                "low-rank found nothing to do: it needs dense or convolution layers, or a table of "
                "tokens."
            )
        moments = self._moments(work, found)
        spectra = {p.path: Spectrum.of(matrix(p.layer), moments.get(p.path)) for p in found}
        ranks = self._ranks(found, spectra)
        made, kept, lost = {}, [], {}
        for one in found:
            spectrum, rank = spectra[one.path], ranks[one.path]
            if not smaller(rank, *spectrum.shape):
                kept.append(one.path)
                continue
            made[one.path] = factorised(one.layer, *spectrum.factors(rank))
            lost[one.path] = round(spectrum.lost(rank), 4)
        work.model = replace(work.model, made)
        return {
            "ranks": {path: ranks[path] for path in made},
            "output_energy_lost": lost,
            "kept_as_they_were": kept,
        }

    def _wants(self, one: "ReplaceableLayer") -> bool:
        import keras

        layer = one.layer
        if isinstance(layer, keras.layers.Embedding):
            of_tokens = layer is getattr(one.owner, "tokens", None)
            return of_tokens and self.embedding is not None
        others = any(v is not None for v in (self.rank, self.energy, self.budget))
        return others and isinstance(layer, keras.layers.Dense | keras.layers.Conv2D)

    def _moments(self, work: "Work", found: "list[ReplaceableLayer]") -> Mapping[str, np.ndarray]:
        import keras

        from kerastc.compress.steps.calibration import second_moments

        # The moments of a convolution's patches are not worth their memory.
        flat = [p for p in found if not isinstance(p.layer, keras.layers.Conv2D)]
        if not (self.weighted and flat):
            return {}
        return second_moments(work.model, flat, work.subject.calibration(self.rows, self.seed))

    def _ranks(
        self, found: "list[ReplaceableLayer]", spectra: Mapping[str, "Spectrum"]
    ) -> dict[str, int]:
        import keras

        tables = {p.path for p in found if isinstance(p.layer, keras.layers.Embedding)}
        others = {path: s for path, s in spectra.items() if path not in tables}
        if self.rank is not None:
            ranks = {path: min(self.rank, *s.shape) for path, s in others.items()}
        elif self.energy is not None:
            ranks = {path: s.rank_for(self.energy) for path, s in others.items()}
        elif others:
            ranks = share_budget(others, self.budget)
        else:
            ranks = {}
        return ranks | {path: min(self.embedding, *spectra[path].shape) for path in tables}


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


def matrix(layer: "keras.layers.Layer") -> np.ndarray:
    """The layer's kernel, (inputs, outputs); a convolution's inputs are those of a patch."""
    import keras

    kernel = layer.embeddings if hasattr(layer, "embeddings") else layer.kernel
    array = keras.ops.convert_to_numpy(kernel)
    return array.reshape(-1, array.shape[-1])


def factorised(layer, left: np.ndarray, right: np.ndarray) -> "keras.layers.Layer":
    """A layer with the two factors, otherwise like `layer`."""
    import keras

    from kerastc.models.low_rank import FactorisedEmbedding, LowRankConv2D, LowRankDense

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

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
    from kerastc.compress.work import Work
    from kerastc.models.factors import Spectrum
    from kerastc.models.layer_paths import ReplaceableLayer


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
        from kerastc.models import compact
        from kerastc.models.factors import Spectrum, factors, matrix
        from kerastc.models.layer_paths import replace, replaceable_layers

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
        low = factors(found, spectra, ranks)
        work.model = replace(work.model, low.made)
        return {
            "ranks": {path: ranks[path] for path in low.made},
            "output_energy_lost": low.lost,
            "kept_as_they_were": low.kept,
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

        from kerastc.training.calibration import second_moments

        # The moments of a convolution's patches are not worth their memory.
        flat = [p for p in found if not isinstance(p.layer, keras.layers.Conv2D)]
        if not (self.weighted and flat):
            return {}
        return second_moments(work.model, flat, work.subject.calibration(self.rows, self.seed))

    def _ranks(
        self, found: "list[ReplaceableLayer]", spectra: Mapping[str, "Spectrum"]
    ) -> dict[str, int]:
        import keras

        from kerastc.models.factors import share_budget

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

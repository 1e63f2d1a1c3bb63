"""Pruning: the weights of smallest magnitude become zero.

    prune:0.2,epochs=0                 at once, without training
    prune:0.8,epochs=2                 step by step, while the run teaches what is left
    prune:0.8,scope=global             wherever the small weights are
    prune:pattern=2:4                  two of every four inputs, which some hardware skips
    prune:0.9,exclude=classifier|tokens

Zeros make a file smaller once it is zipped; they bring no speed where a runtime does not skip them.
The weights are plain, with nothing to strip. Rows of a large token table that the training does not
reach get their share of zeros after it, at once.

References: Han et al. 2015, Learning both Weights and Connections; Zhu and Gupta 2017.
"""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from kerastc.compress.masks.magnitude import m_by_n_mask, magnitude_masks
from kerastc.compress.masks.schedules import ConstantSparsity, PolynomialDecay, Schedule
from kerastc.compress.steps.step import Step
from kerastc.compress.steps.training_step import Training
from kerastc.errors import UserError
from kerastc.training.config import Count, Fraction, Positive, Share

if TYPE_CHECKING:
    import keras

    from kerastc.compress.masks.callback import Choose, Pruning
    from kerastc.compress.work import Work

CHOICES = 50  # of masks in a training if no frequency is given


class Prune(Training):
    """Zeros in kernels and in the token table, kept in this and every later training."""

    name: ClassVar[str] = "prune"
    short: ClassVar[str] = "sparsity"

    sparsity: Annotated[float, Field(gt=0, lt=1)] | None = None  # share of zeros
    schedule: Literal["polynomial", "constant"] = "polynomial"  # rising | all from `begin` on
    begin: Share = 0.0  # share of the training after which pruning starts
    end: Fraction = 0.7  # share of the training after which masks are fixed
    frequency: Count | None = None  # batches between choices of masks; none: 50 choices
    power: Positive = 3.0  # of the polynomial; 1 is a straight line
    scope: Literal["layer", "global"] = "layer"  # sparsity of each kernel | of all together
    block: Annotated[str, Field(pattern=r"^[1-9]\d*x[1-9]\d*$")] = "1x1"  # ROWSxCOLUMNS as a unit
    pattern: Annotated[str, Field(pattern=r"^(\d+:\d+)?$")] = ""  # ZEROS:OF consecutive inputs
    exclude: str = ""  # regular expression: kernels that stay, such as classifier|tokens

    def check(self, before: list[Step]) -> None:
        super().check(before)
        if bool(self.pattern) == (self.sparsity is not None):
            raise UserError(
                "prune needs either sparsity or pattern.", "For example prune:0.8, or pattern=2:4"
            )
        if self.pattern and not 0 < self._group[0] < self._group[1]:
            raise UserError(
                f"prune: pattern={self.pattern} is not possible.",
                "It is ZEROS:OF, at least one zero and fewer than OF: 2:4",
            )
        if self.pattern and (self.block != "1x1" or self.scope == "global"):
            raise UserError("prune: a pattern has neither block nor scope=global.")
        if self.end < self.begin:
            raise UserError(f"prune: end={self.end} is before begin={self.begin}.")
        for step in before:
            if isinstance(step, Prune) and (step.sparsity or 0) > (self.sparsity or 1):
                raise UserError(
                    f"prune:{self.sparsity} after prune:{step.sparsity} would bring weights back.",
                    "Put the lower sparsity first, or leave it out.",
                )

    def apply(self, work: "Work") -> dict[str, Any]:
        from kerastc.compress.masks.kernels import prunable, zeros
        from kerastc.compress.steps.teaching import teach

        if self.pattern or self.block != "1x1":
            # KerasHub's attention kernels have an axis of heads and are not matrices.
            from kerastc.models import compact

            work.model = compact(work.model)
        exclude = self._excluded()
        found = prunable(work.model, exclude)
        if not found:
            raise UserError(f"prune: exclude={self.exclude} leaves nothing to prune.")
        if self.epochs:
            present = min(zeros(variable) for _, variable in found)
            pruning = partial(self._pruning, present=present, exclude=exclude)
            figures = teach(
                work,
                self,
                callbacks=lambda steps: [pruning(steps)],
                earliest=lambda steps: pruning(steps).schedule.end_step,
                unreached=self._at_once if _table_among(found, work) else None,
            )
        else:
            prune_once([variable for _, variable in found], self._choose(), self.sparsity or 0.0)
            figures = {}
        shares = {path: round(zeros(v), 6) for path, v in prunable(work.model, exclude)}
        return {"sparsity": shares, **figures}

    def _at_once(self, rows: np.ndarray) -> np.ndarray:
        """Rows of a table with their share of zeros."""
        [mask] = self._choose()([rows], self.sparsity)
        return np.where(mask, rows, 0)

    def _pruning(self, steps: int, present: float, exclude: str) -> "Pruning":
        from kerastc.compress.masks.callback import Pruning

        return Pruning(self.scheduled(steps, present), self._choose(), exclude)

    def scheduled(self, steps: int, present: float = 0.0) -> Schedule:
        """The schedule for so many training steps of a model that already has a share of zeros."""
        begin = max(int(self.begin * steps), 1)
        end = max(int(self.end * steps), begin)
        if self.pattern:
            return ConstantSparsity(0.0, begin, begin)  # chosen once; the sparsity follows from it
        frequency = self.frequency or max((end - begin) // CHOICES, 1)
        if self.schedule == "constant":
            return ConstantSparsity(self.sparsity, begin, end, frequency)
        present = min(present, self.sparsity)
        return PolynomialDecay(present, self.sparsity, begin, end, self.power, frequency)

    @property
    def _group(self) -> tuple[int, int]:
        zeros, group = self.pattern.split(":")
        return int(zeros), int(group)

    def _choose(self) -> "Choose":
        if self.pattern:
            return lambda kernels, sparsity: [m_by_n_mask(k, *self._group) for k in kernels]
        rows, columns = map(int, self.block.split("x"))
        return partial(magnitude_masks, scope=self.scope, block=(rows, columns))

    def _excluded(self) -> str:
        # A table has no sum over its inputs that hardware could shorten.
        tables = ["embeddings$"] if self.pattern else []
        return "|".join(tables + [self.exclude] * bool(self.exclude))


def _table_among(found: "list[tuple[str, keras.Variable]]", work: "Work") -> bool:
    """Whether the model has a token table and it is among these variables."""
    from kerastc.models import encoder_layer

    encoder = encoder_layer(work.model)
    return encoder is not None and any(v is encoder.tokens.embeddings for _, v in found)


def prune_once(variables: "list[keras.Variable]", choose: "Choose", sparsity: float) -> None:
    """Sets the smallest weights to zero, without training."""
    import keras

    arrays = [keras.ops.convert_to_numpy(variable) for variable in variables]
    for variable, array, mask in zip(variables, arrays, choose(arrays, sparsity), strict=True):
        variable.assign(np.where(mask, array, 0))

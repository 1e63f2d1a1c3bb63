"""The settings of a step that trains; the training itself is in `teaching`."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from kerastc.compress.step import Step
from kerastc.errors import UserError
from kerastc.training.config import Count, Natural, Positive, Share

OWN = "own"  # the only unlabelled images that a run can have: those of its splits

Weight = Annotated[float, Field(ge=0)]


class Training(Step):
    """The fields of a step that trains. The teacher is the original run."""

    epochs: Natural = 1  # of the training part
    learning_rate: Positive | None = None  # peak, falls to zero; none: 1e-4, of images the run's
    warmup_fraction: Share = 0.06  # of all updates
    batch_size: Count | None = None  # examples; none: as the run was trained
    temperature: Positive = 2.0  # of teacher and student in the soft part of the loss
    soft: Weight = 1.0  # weight of the teacher's probabilities; 0 learns from labels alone
    hard: Weight = 0.5  # weight of the labels
    unlabelled: str = ""  # further rows, which the teacher alone labels: a file of texts | own
    augment: Natural = 0  # texts made for each training text, of two spliced, likewise
    masking: Share | None = None  # share of the student's tokens; none: as the run was trained

    # Images are augmented as the run was trained, for student and teacher alike.
    kind_of_field: ClassVar[Mapping[str, str]] = {"augment": "text", "masking": "text"}

    def check(self, before: list[Step]) -> None:
        if self.epochs and not self.soft and not self.hard:
            raise UserError(f"{self.name}: soft=0 and hard=0 leave nothing to learn from.")
        if (self.unlabelled or self.augment) and not self.soft:
            what = "unlabelled" if self.unlabelled else "augment"
            raise UserError(f"{self.name}: {what} needs a teacher for its rows: soft is 0.")

    def check_kind(self, kind: str) -> None:
        super().check_kind(kind)
        if kind == "image" and self.unlabelled not in ("", OWN):
            raise UserError(
                f"{self.name}: unlabelled={self.unlabelled} names no images that this run has.",
                f"unlabelled={OWN} takes the unlabelled ones of its training part.",
            )

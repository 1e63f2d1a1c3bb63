"""The settings of a step that trains; the training itself is in `teaching`."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from kerastc.capabilities import Capability
from kerastc.compress.steps.step import Step
from kerastc.errors import UserError
from kerastc.training.config import Count, Natural, Positive, Share
from kerastc.training.teacher import OWN, Teaching

Weight = Annotated[float, Field(ge=0)]


class Training(Step):
    """The fields of a step that trains. The teacher is the original run."""

    epochs: Natural = 1  # of the training part
    learning_rate: Positive | None = None  # peak, falls to zero; none: 1e-4, for images the run's
    warmup_fraction: Share = 0.06  # of all updates
    batch_size: Count | None = None  # examples; none: as the run was trained
    temperature: Positive = 2.0  # softens teacher and student in the loss
    soft: Weight = 1.0  # weight of the teacher's probabilities; 0 learns from labels alone
    hard: Weight = 0.5  # weight of the labels
    unlabelled: str = ""  # further rows, labelled by the teacher alone: a file of texts | own
    augment: Natural = 0  # spliced texts per training text, labelled by the teacher too
    masking: Share | None = None  # share of the student's tokens; none: as the run was trained

    # Images are augmented as the run was trained, for student and teacher alike.
    capability_of_field: ClassVar[Mapping[str, Capability]] = {
        "augment": Capability.SPLICED,
        "masking": Capability.TOKENS,
    }

    def check(self, before: list[Step]) -> None:
        if self.epochs and not self.soft and not self.hard:
            raise UserError(f"{self.name}: soft=0 and hard=0 leave nothing to learn from.")
        if (self.unlabelled or self.augment) and not self.soft:
            what = "unlabelled" if self.unlabelled else "augment"
            raise UserError(f"{self.name}: {what} needs a teacher for its rows: soft is 0.")

    def needs(self) -> Iterator[tuple[str, Capability]]:
        yield from super().needs()
        if self.soft and self.epochs:
            yield f"{self.name}: soft={self.soft:g}", Capability.TEACHER
        if self.unlabelled:
            needed = Capability.UNLABELLED if self.unlabelled == OWN else Capability.FURTHER
            yield f"{self.name}: unlabelled={self.unlabelled}", needed

    def instead_of(self, needed: Capability, has: Collection[Capability]) -> str:
        if needed is Capability.TEACHER:
            return f"Labels alone teach as well: {self.name}:soft=0,hard=1"
        if needed is Capability.FURTHER and Capability.UNLABELLED in has:
            return f"unlabelled={OWN} takes the unlabelled ones of its training part."
        if needed is Capability.UNLABELLED and Capability.FURTHER in has:
            return "unlabelled=FILE takes those of a file."
        return super().instead_of(needed, has)

    @property
    def teaching(self) -> Teaching:
        """What to learn, from which examples."""
        return Teaching(
            self.temperature,
            self.soft,
            self.hard,
            self.unlabelled,
            self.augment,
            self.masking,
            self.seed,
        )

"""Recovery: fine-tuning after any step, with the original run as teacher.

recover                          one epoch
recover:epochs=2,soft=0,hard=1   from the labels alone, without a teacher
"""

from typing import TYPE_CHECKING, Any, ClassVar

from kerastc.compress.steps.training_step import Training
from kerastc.training.config import Count

if TYPE_CHECKING:
    from kerastc.compress.work import Work


class Recover(Training):
    """Trains what the previous steps left; zeros in a pruned kernel stay zero."""

    name: ClassVar[str] = "recover"
    short: ClassVar[str] = "epochs"

    epochs: Count = 1  # of the training part

    def apply(self, work: "Work") -> dict[str, Any]:
        from kerastc.compress.steps.teaching import teach

        return teach(work, self)

"""What a compression step is, and what it works on.

Steps are read and checked before Keras is imported, so none of their files imports it at the top.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kerastc.errors import UserError
from kerastc.kinds import KINDS
from kerastc.run import Run
from kerastc.scores.softmax import softmax
from kerastc.settings import Config

if TYPE_CHECKING:
    import keras

    from kerastc.compress.task import Task
    from kerastc.training.batching import Batches


class Step(Config, ABC):
    """One way to make a model smaller; its fields are what the user can set.

    Attributes:
        name: what the user calls it.
        short: the field that a value without a name sets, as in `prune:0.8`; empty: there is none.
        kinds: of the runs that it applies to.
        kind_of_field: of fields that runs of one kind alone have.
    """

    called: ClassVar[str] = "this step"
    shown_by: ClassVar[str] = "kerastc steps"
    name: ClassVar[str]
    short: ClassVar[str] = ""
    kinds: ClassVar[tuple[str, ...]] = tuple(KINDS)
    kind_of_field: ClassVar[Mapping[str, str]] = {}

    def check(self, before: "list[Step]") -> None:
        """Refuses what cannot work, before any work.

        Args:
            before: the steps that come before this one.

        Raises:
            UserError: naming the field or the step, and what is allowed.
        """

    def check_kind(self, kind: str) -> None:
        """Refuses what does not go with a run of a kind, before any work; raises as `check`."""
        if kind not in self.kinds:
            raise UserError(
                f"{self.name} is for runs of {KINDS[self.kinds[0]]}; this one is of {KINDS[kind]}.",
                "See what each step does: kerastc steps",
            )
        for name in type(self).model_fields:
            if name in self.model_fields_set and self.kind_of_field.get(name, kind) != kind:
                own = [f"{other}=" for other, of in self.kind_of_field.items() if of == kind]
                raise UserError(
                    f"{self.name}: {name}= is for runs of {KINDS[self.kind_of_field[name]]}; this "
                    f"one is of {KINDS[kind]}.",
                    f"For {KINDS[kind]} there is {', '.join(own)}." if own else "Leave it out.",
                )

    @abstractmethod
    def apply(self, work: "Work") -> dict[str, Any]:
        """Puts a smaller model into `work` and tells what it did, as JSON.

        Raises:
            UserError: where the step does not apply to the model; nothing is changed then.
        """


@dataclass
class Work:
    """A model on its way through the steps.

    Args:
        task: the data of the run, and what turns them into the model's inputs.
        model: what a step reads, and replaces where its shapes change.
        run: the folder of the present step: checkpoints and history of what it trains.
    """

    task: "Task"
    model: "keras.Model"
    run: Run

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The class names."""
        return self.task.splits.train.classes


def probabilities(model: "keras.Model", batches: "Batches", part: str) -> np.ndarray:
    """(rows, classes) float64 of a part of the data, in its order."""
    from kerastc.training.predicting import predict

    return softmax(predict(model, batches, f"Predicting {part}"))

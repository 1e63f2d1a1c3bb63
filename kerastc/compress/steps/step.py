"""The base of compression steps.

Steps are read and checked before Keras is imported, so none of their files imports it at the top.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kerastc.capabilities import Capability, listed
from kerastc.errors import UserError
from kerastc.settings import Config

if TYPE_CHECKING:
    from kerastc.compress.work import Work


class Step(Config, ABC):
    """One way to make a model smaller; its fields are what the user can set.

    Attributes:
        name: what the user calls it.
        short: the field that an unnamed value sets, as in `prune:0.8`; empty for none.
        capability: what the step needs from a run; None for nothing.
        capability_of_field: what a field needs, if it is given.
    """

    called: ClassVar[str] = "this step"
    shown_by: ClassVar[str] = "kerastc steps"
    name: ClassVar[str]
    short: ClassVar[str] = ""
    capability: ClassVar[Capability | None] = None
    capability_of_field: ClassVar[Mapping[str, Capability]] = {}

    def check(self, before: "list[Step]") -> None:
        """Refuses impossible settings, before any work.

        Args:
            before: the steps before this one.

        Raises:
            UserError: naming the field or the step, and what is allowed.
        """

    def needs(self) -> Iterator[tuple[str, Capability]]:
        """What it needs: the user's words, "low-rank: embedding=", and the capability."""
        if self.capability:
            yield self.name, self.capability
        for name in type(self).model_fields:
            if name in self.model_fields_set and name in self.capability_of_field:
                yield f"{self.name}: {name}=", self.capability_of_field[name]

    def check_run(self, has: Collection[Capability]) -> None:
        """Refuses what a run with these capabilities lacks; raises as `check`."""
        for words, needed in self.needs():
            if needed not in has:
                there = [each for each in has if each.of_model == needed.of_model]
                raise UserError(
                    f"{words} needs {needed.value}; this run has {listed(there)}.",
                    self.instead_of(needed, has),
                )

    def instead_of(self, needed: Capability, has: Collection[Capability]) -> str:
        """What a run without a capability can use instead, in a sentence."""
        if needed is self.capability:
            return f"See what each step does: {self.shown_by}"
        others = self.capability_of_field.items()
        own = [f"{n}=" for n, of in others if of in has and of.of_model == needed.of_model]
        return f"For this run there is {', '.join(own)}." if own else "Leave it out."

    @abstractmethod
    def apply(self, work: "Work") -> dict[str, Any]:
        """Puts a smaller model into `work` and reports what it did, as JSON.

        Raises:
            UserError: the step does not apply to the model, which is unchanged.
        """

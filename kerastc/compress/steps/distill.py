"""Distillation: a student of fewer or narrower layers learns from the run.

For texts:

    distill:layers=3,epochs=4                      every other layer of six, as DistilBERT
    distill:keep=[0,1,5]                           these layers
    distill:width=256,epochs=6                     narrower vectors
    distill:backbone=hf://OWNER/MODEL              another architecture, with its own tokenizer
    distill:layers=3,augment=1                     as many texts again, made from the training texts
    distill:layers=3,unlabelled=more.txt           also real texts without labels

For images:

    distill:width=0.5,epochs=40                    half of the filters, from random weights
    distill:depth=1                                fewer blocks per stage
    distill:architecture=residual                  another network
    distill:width=0.5,unlabelled=own               also the run's unlabelled images

The loss is soft * T^2 * KL(teacher || student) + hard * cross-entropy, and, with states=1, the
cosine distance of the hidden states.

References: Hinton, Vinyals and Dean 2015; Sanh et al. 2019, DistilBERT, section 2.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kerastc.capabilities import Capability
from kerastc.compress.steps.step import Step
from kerastc.compress.steps.training_step import Training, Weight
from kerastc.errors import UserError
from kerastc.training.config import Count, Natural, Positive

if TYPE_CHECKING:
    import keras

    from kerastc.compress.steps.reached_tokens import Cut
    from kerastc.compress.work import Work


class Distill(Training):
    """A student made from the model's own layers, or from another encoder, and its training."""

    name: ClassVar[str] = "distill"
    short: ClassVar[str] = "layers"
    capability_of_field: ClassVar[Mapping[str, Capability]] = {
        **Training.capability_of_field,
        **dict.fromkeys(("layers", "keep", "states"), Capability.BLOCKS),
        "backbone": Capability.TOKENS,
        **dict.fromkeys(("depth", "architecture"), Capability.CONVOLUTIONS),
    }

    layers: Count | None = None  # of the student, spread evenly over the model's
    keep: tuple[Natural, ...] = ()  # these layers instead, [0,2,4]
    width: Positive | None = None  # of the student's vectors; for images a factor of the filters
    backbone: str = ""  # another encoder instead of the model's own layers
    states: Weight = 0.0  # weight of the cosine distance between hidden states
    depth: Count | None = None  # of an image student, as in training
    architecture: Literal["", "residual", "cnn", "wide"] = ""  # of an image student
    epochs: Count = 3  # of the training part

    def check(self, before: list[Step]) -> None:
        super().check(before)
        own = any((self.layers, self.keep, self.width, self.depth, self.architecture))
        if own == bool(self.backbone):
            raise UserError(
                "distill needs to know the student: layers=, keep= or width= of the model's own, "
                "or backbone= of another; of images width=, depth= or architecture=.",
                "For example distill:layers=3, or distill:width=0.5 of images",
            )
        if self.layers is not None and self.keep:
            raise UserError("distill takes layers= or keep=, not both.")
        if self.states and (self.backbone or self.width):
            raise UserError(
                "distill compares hidden states of one width: states= goes with layers= or keep=."
            )

    def check_run(self, has: Collection[Capability]) -> None:
        super().check_run(has)
        if Capability.BLOCKS in has and self.width and self.width % 1:
            raise UserError(
                f"distill: width={self.width:g} of {Capability.BLOCKS.value} is a number of "
                "dimensions.",
                "Give a whole one: distill:width=256",
            )

    def apply(self, work: "Work") -> dict[str, Any]:
        if self.backbone:
            return self._of_backbone(work)
        if Capability.BLOCKS in work.subject.task.capabilities:
            return self._of_layers(work)
        return self._of_architecture(work)

    def _of_layers(self, work: "Work") -> dict[str, Any]:
        """A student made from the model's own layers."""
        from kerastc.compress.steps.hidden_states import StateMatching
        from kerastc.compress.steps.teaching import teach
        from kerastc.models import compact, encoder_layer
        from kerastc.models.smaller import (
            fewer_layers,
            kept_layers,
            narrower,
            require_layers,
            require_width,
        )

        teacher = compact(work.model)
        require_layers(teacher, "distill into layers of its own")
        count = len(encoder_layer(teacher).blocks)
        kept = kept_layers(self.name, "the model", count, self.layers, self.keep)
        student = fewer_layers(teacher, kept)
        if self.width is not None:
            require_width(student, self.width, self.name)
            student = narrower(student, int(self.width))
        work.model = student

        def matching(student: "keras.Model", cut: "Cut") -> "keras.Model":
            return StateMatching(student, cut(teacher), self.states)

        figures = teach(work, self, fitted=matching if self.states else None)
        return {"layers_kept": kept, **figures}

    def _of_architecture(self, work: "Work") -> dict[str, Any]:
        """A student with random weights and smaller architecture settings."""
        from kerastc.compress.steps.teaching import teach

        given = {"architecture": self.architecture, "width": self.width, "depth": self.depth}
        given = {name: value for name, value in given.items() if value}
        shown = work.subject.input
        student = shown.built(work.subject.splits, given, self.seed)
        before, after = work.model.count_params(), student.count_params()
        if after >= before:
            named = ", ".join(f"{name}={value}" for name, value in given.items())
            width = getattr(shown.config, "width", None)  # a pretrained network has none
            raise UserError(
                f"distill: a student of {named} has {after:,} parameters, the model {before:,}.",
                "Give a smaller width"
                + (f"; the run was trained at width={width:g}." if width else "."),
            )
        told = given.keys() & shown.preprocessing.keys()
        shown.preprocessing = shown.preprocessing | {name: given[name] for name in told}
        work.model = student
        return teach(work, self)

    def _of_backbone(self, work: "Work") -> dict[str, Any]:
        """A student with another encoder, which brings its own tokenizer."""
        from kerastc.compress.steps.teaching import teach

        work.model = work.subject.input.with_backbone(work.subject.splits, self.backbone, self.seed)
        return {"backbone": self.backbone, **teach(work, self)}

"""Structured pruning: removes whole neurons, heads, channels and layers; every runtime gains.

    structured:neurons=0.5                     half of the feed-forward neurons
    structured:heads=0.25,neurons=0.5,epochs=2
    structured:layers=2                        the two layers that the loss misses least
    structured:drop=[1,3]                      these layers
    structured:channels=0.5                    half of a convolutional network's channels

Channels that residual additions tie together are removed together.

References: Michel et al. 2019 (heads), Molchanov et al. 2019 (importance), Sajjad et al. 2020, On
the Effect of Dropping Layers of Pre-trained Transformer Models.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from kerastc.capabilities import Capability
from kerastc.compress.masks.magnitude import magnitude_masks
from kerastc.compress.steps.step import Step
from kerastc.compress.steps.training_step import Training
from kerastc.errors import UserError
from kerastc.progress import progress
from kerastc.training.config import Count, Natural, Share

if TYPE_CHECKING:
    import keras

    from kerastc.compress.steps.units import Channels, Units
    from kerastc.compress.work import Work
    from kerastc.training.batching import Batches


class Structured(Training):
    """Makes the matrices smaller, and trains the rest."""

    name: ClassVar[str] = "structured"
    short: ClassVar[str] = "neurons"
    capability_of_field: ClassVar[Mapping[str, Capability]] = {
        **Training.capability_of_field,
        **dict.fromkeys(("neurons", "heads", "layers", "drop"), Capability.BLOCKS),
        "channels": Capability.CONVOLUTIONS,
    }

    neurons: Share = 0.0  # share of the feed-forward neurons to remove
    heads: Share = 0.0  # share of the attention heads to remove
    channels: Share = 0.0  # share of a convolutional network's channels to remove
    layers: Natural = 0  # how many to remove: those that the loss misses least
    drop: tuple[Natural, ...] = ()  # these layers instead, [1,3]
    by: Literal["first_order", "magnitude"] = "first_order"  # of the loss | of the weights
    scope: Literal["layer", "global"] = "layer"  # the share of each layer | of all together
    rows: Count = 512  # training rows to measure on

    def check(self, before: list[Step]) -> None:
        super().check(before)
        if not (self._of_encoder or self.channels):
            raise UserError(
                "structured needs to know what goes: neurons, heads, channels, layers or drop.",
                "For example structured:neurons=0.5",
            )
        if self.layers and self.drop:
            raise UserError("structured takes layers= or drop=, not both.")

    @property
    def _of_encoder(self) -> bool:
        return bool(self.neurons or self.heads or self.layers or self.drop)

    def apply(self, work: "Work") -> dict[str, Any]:
        from kerastc.compress.steps.teaching import teach
        from kerastc.compress.steps.units import Heads, Neurons
        from kerastc.models import compact, encoder_layer
        from kerastc.models.smaller import fewer_layers

        model = compact(work.model) if self._of_encoder else work.model
        convolutions = self._channels(model)
        if dropped := self._dropped(model, work):
            count = len(encoder_layer(model).blocks)
            model = fewer_layers(model, [i for i in range(count) if i not in dropped])
        chosen: list[tuple[list[Units], float]] = [(convolutions, self.channels)]
        if self._of_encoder:
            encoder = encoder_layer(model)
            for kind, share in ((Neurons, self.neurons), (Heads, self.heads)):
                chosen.append(([kind.of(b, encoder.name) for b in encoder.blocks], share))
        chosen = [(found, share) for found, share in chosen if share]
        everything = [units for found, _ in chosen for units in found]
        scores = self._importance(model, everything, work)
        work.model, sizes = remove(model, chosen, scores, self.scope)
        figures = teach(work, self) if self.epochs else {}
        return {"kept": sizes, "layers_dropped": dropped, **figures}

    def _importance(self, model, found: "list[Units]", work: "Work") -> dict[str, np.ndarray]:
        from kerastc.compress.steps.importance import first_order, magnitude

        if not found or self.by == "magnitude":
            return magnitude(found)
        subject = work.subject
        batches = subject.calibration(self.rows, self.seed)
        return first_order(model, found, batches, subject.loss())

    def _channels(self, model: "keras.Model") -> "list[Channels]":
        if not self.channels:
            return []
        from kerastc.compress.steps.channels import channels

        found, reasons = channels(model)
        if not found:
            why = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
            raise UserError(
                "structured: there are no channels to remove.", why or "It has no convolution."
            )
        return found

    def _dropped(self, model: "keras.Model", work: "Work") -> list[int]:
        from kerastc.models import encoder_layer
        from kerastc.models.smaller import require_layers

        if not (self.layers or self.drop):
            return []
        require_layers(model, "structured with layers= or drop=")
        count = len(encoder_layer(model).blocks)
        dropped = sorted(set(self.drop))
        if max(self.layers, len(dropped)) >= count or max(dropped, default=0) >= count:
            given = f"drop={list(self.drop)}" if self.drop else f"layers={self.layers}"
            raise UserError(
                f"structured: {given}, but the model has {count} layers (0 to {count - 1}).",
                "At least one layer stays.",
            )
        if dropped:
            return dropped
        subject = work.subject
        batches = subject.calibration(self.rows, self.seed)
        return least_missed(model, self.layers, batches, subject.loss("sum"))


def remove(
    model: "keras.Model",
    chosen: "list[tuple[list[Units], float]]",
    scores: dict[str, np.ndarray],
    scope: str,
) -> "tuple[keras.Model, dict[str, list[int]]]":
    """Removes the least important units from a model.

    Args:
        model: must not be used afterwards.
        chosen: units of one kind, and the share of them to remove; one per layer stays.
        scores: by path, (units,) importance.
        scope: "layer" or "global", as in `magnitude_masks`.

    Returns:
        the model, and by path how many units it has and how many it had.
    """
    from kerastc.compress.steps.units import Channels
    from kerastc.models.layer_paths import rebuilt

    made: dict[str, keras.layers.Layer] = {}
    sizes = {}
    for found, share in chosen:
        masks = magnitude_masks([scores[units.path][None] for units in found], share, scope)
        for units, mask in zip(found, masks, strict=True):
            kept = np.flatnonzero(mask)
            sizes[units.path] = [len(kept), units.count]
            if isinstance(units, Channels):
                units.keep(kept, made)
            else:
                units.keep(kept)
    return rebuilt(model, lambda layer: made.get(layer.name, layer)), sizes


def least_missed(
    model: "keras.Model", count: int, batches: "Batches", loss: "keras.losses.Loss"
) -> list[int]:
    """The layers without which the loss stays lowest, chosen greedily, one at a time.

    Args:
        model: a compact classifier, left unchanged.
        count: how many.
        batches: rows with labels.
        loss: a function of their targets and the model's outputs, summed over rows.
    """
    from kerastc.models import encoder_layer
    from kerastc.models.smaller import fewer_layers

    left = list(range(len(encoder_layer(model).blocks)))
    tries = sum(len(left) - i for i in range(count))
    with progress("Leaving layers out", total=tries) as advance:
        for _ in range(count):
            losses = {}
            for layer in left:
                kept = [i for i in left if i != layer]
                losses[layer] = _total(fewer_layers(model, kept), batches, loss)
                advance(1)
            left.remove(min(losses, key=losses.get))
    blocks = range(len(encoder_layer(model).blocks))
    return [i for i in blocks if i not in left]


def _total(model: "keras.Model", batches: "Batches", loss: "keras.losses.Loss") -> float:
    """The loss over all rows; run eagerly, since compiling costs more than one pass."""
    import keras

    total = 0.0
    for index in range(len(batches)):
        inputs, targets = batches[index][:2]
        total += float(keras.ops.convert_to_numpy(loss(targets, model(inputs, training=False))))
    return total

"""What a search may do to a model: the axes that fit its parts and that no step has cut yet."""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import keras

from kerastc.capabilities import Capability
from kerastc.compress.search.space import Axis, Space
from kerastc.compress.steps.channels import channels
from kerastc.errors import UserError
from kerastc.models import compact, encoder_layer
from kerastc.models.layer_paths import replaceable_layers
from kerastc.models.low_rank import LowRankConv2D, LowRankDense
from kerastc.text.restricted import is_restrictable

if TYPE_CHECKING:
    from kerastc.inputs.compression import CompressedInput

WIDTH_SHARES = (2, 3, 4, 6)  # of the vectors' width: the rank of the token table
ENERGIES = (0.95, 0.9, 0.8)


def space_of(
    model: keras.Model,
    shown: "CompressedInput",
    has: Collection[Capability],
    fixed: Sequence[str],
    done: Collection[str],
    epochs: int,
) -> Space:
    """The chains that fit a model.

    Args:
        model: after the fixed steps.
        shown: its input.
        has: the capabilities of its task.
        fixed: steps with which each chain begins.
        done: all steps of the model: its ancestors' and the fixed ones.
        epochs: of training that a chain may have.
    """
    recovered = range(1, epochs + 1)
    found = [
        *_axes(model, shown, has, done),
        Axis("recover", ("", *(shown.recovery.format(count) for count in recovered))),
        Axis("quantize", tuple(f"quantize:{kind}" for kind in shown.quantizations)),
    ]
    kept = tuple(axis for axis in found if len(axis.words) > 1)
    return Space(tuple(fixed), kept, shown.beginnings)


def _axes(
    model: keras.Model,
    shown: "CompressedInput",
    has: Collection[Capability],
    done: Collection[str],
) -> Iterator[Axis]:
    """The axes of steps that train nothing; arguments as in `space_of`."""
    if Capability.TOKENS in has:
        yield from _of_vocabulary(shown, done)
    if Capability.BLOCKS in has:
        yield from _of_encoder(model, done)
    if Capability.CONVOLUTIONS in has:
        yield from _of_convolutions(model, done)


def _of_vocabulary(shown: "CompressedInput", done: Collection[str]) -> Iterator[Axis]:
    if is_restrictable(shown.tokenizer) and not _done("vocabulary", done):
        rarer = (f"vocabulary:min_count={count}" for count in (2, 3))
        yield Axis("vocabulary", ("vocabulary", *rarer))


def _of_encoder(model: keras.Model, done: Collection[str]) -> Iterator[Axis]:
    """The axes of an encoder whose parts can be replaced; none for any other."""
    try:
        model = compact(model)
    except UserError:
        return
    encoder = encoder_layer(model)
    thin = any(isinstance(one.layer, LowRankDense) for one in replaceable_layers(model))
    if isinstance(encoder.tokens, keras.layers.Embedding):
        ranks = [encoder.tokens.output_dim // share for share in WIDTH_SHARES]
        yield Axis("embedding", ("", *(f"low-rank:embedding={rank}" for rank in ranks)))
    if not (encoder.shared or _done("structured", done) or _done("distill", done)):
        fewer = range(1, len(encoder.blocks))
        yield Axis("layers", ("", *(f"structured:layers={count},epochs=0" for count in fewer)))
    if not thin and not _done("structured", done):
        shares = (0.25, 0.5, 0.75)
        yield Axis("neurons", ("", *(f"structured:neurons={s},epochs=0" for s in shares)))
    if not thin:
        yield _kernels()


def _of_convolutions(model: keras.Model, done: Collection[str]) -> Iterator[Axis]:
    if not _done("structured", done) and channels(model)[0]:
        shares = (0.125, 0.25, 0.375, 0.5, 0.625)
        yield Axis("channels", ("", *(f"structured:channels={s},epochs=0" for s in shares)))
    if not any(isinstance(one.layer, LowRankConv2D) for one in replaceable_layers(model)):
        yield _kernels()


def _kernels() -> Axis:
    return Axis("kernels", ("", *(f"low-rank:energy={share}" for share in ENERGIES)))


def _done(step: str, done: Collection[str]) -> bool:
    return any(word.startswith(step) for word in done)

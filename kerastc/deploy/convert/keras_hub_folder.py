"""A run's encoder as a KerasHub preset: keras_hub.models.Backbone.from_preset."""

from pathlib import Path

from kerastc.deploy.convert.encoder_folder import Source, Written, filled_up, preparation
from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.keras_hub_preset import (
    FUNCTIONS,
    SEGMENTED,
    backbone_of,
    kind_of,
    read_preset,
    write_preset,
)
from kerastc.models.plain_encoder import plain
from kerastc.models.text_encoder import TextEncoder
from kerastc.tensor import Tensor

LOADING = (
    "keras_hub.models.Backbone.from_preset loads it: the encoder, without the layers behind it."
)


def write(folder: Path, source: Source) -> Written:
    """Writes config.json, model.weights.h5, metadata.json and the tokenizer.

    Raises:
        UserError: no backbone is such an encoder.
    """
    own = source.encoder
    if isinstance(own, TextEncoder):
        own.tune("all")
        backbone, notes, exact = own.backbone, (), True
    else:
        encoder = plain(own)
        kind = kind_of(encoder, pairs=len(source.task.columns) > 1)
        backbone, exact = backbone_of(encoder, kind), _is_exact(encoder, kind)
        notes = (*_differences(encoder, kind, exact), *filled_up(own, encoder))
    if not write_preset(folder, backbone, source.tokenizer):
        notes += (
            f"KerasHub has no tokenizer for its {source.tokenizer.model}: tokenizer.json is the "
            "library tokenizers'.",
        )
    back = read_preset(folder)
    return Written(
        encoder=back,
        inputs=tuple(Tensor(name, (None, None), "int32") for name in back.backbone.input),
        outputs=(Tensor("sequence_output", (None, None, back.width), "float32"),),
        notes=(LOADING, *notes, *preparation(source)),
        exact=exact,
    )


def _is_exact(encoder: CompactEncoder, kind: str) -> bool:
    return FUNCTIONS[kind] == (encoder.blocks[0].activation, encoder.epsilon)


def _differences(encoder: CompactEncoder, kind: str, exact: bool) -> tuple[str, ...]:
    """What the backbone has otherwise than the run, for the user."""
    names = {"gelu": "the exact GELU", "gelu_tanh": "GELU's approximation"}
    notes = []
    if not exact:
        theirs, own = (
            f"{names[activation]} and norms of epsilon {epsilon:g}"
            for activation, epsilon in (
                FUNCTIONS[kind],
                (encoder.blocks[0].activation, encoder.epsilon),
            )
        )
        notes.append(f"KerasHub's {kind}Backbone has {theirs}, the run {own}.")
    if encoder.segments is not None and kind not in SEGMENTED:
        notes.append(
            "It reads single texts, or both of a pair as the first: no backbone of KerasHub has "
            "segments and the exact GELU."
        )
    return tuple(notes)

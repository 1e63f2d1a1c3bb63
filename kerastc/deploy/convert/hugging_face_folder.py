"""A run as a folder that `transformers` loads: its Auto classes, and AutoTokenizer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerastc.deploy.convert.encoder_folder import Source, Written, filled_up, preparation
from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.conversion import compact_encoder
from kerastc.models.hugging_face import Head, NoAutoClass, encoder_alone, kind_of, write_model
from kerastc.models.hugging_face_tokenizer import write_tokenizer
from kerastc.models.plain_encoder import plain
from kerastc.models.presets import read_folder
from kerastc.models.text_encoder import TextEncoder
from kerastc.tensor import Tensor

PUBLISHED = "published"  # the module of an output with its head


def write(folder: Path, source: Source) -> Written:
    """Writes config.json, model.safetensors, tokenizer.json and tokenizer_config.json.

    The encoder stands alone where no class of `transformers` has the layers behind it.

    Raises:
        UserError: no BERT or ALBERT is such an encoder.
    """
    own = source.encoder
    compact = compact_encoder(own, segments=True) if isinstance(own, TextEncoder) else own
    encoder = plain(compact)
    head, kind, why = _head(source, encoder)
    segments = kind != "distilbert"
    known = write_tokenizer(folder, source.tokenizer, _most(source, encoder), segments)
    write_model(folder, encoder, head, kind, known | _labels(source, head))
    back, _, _ = read_folder(folder, pairs=True)
    names = ("input_ids", "attention_mask", *["token_type_ids"] * segments)
    return Written(
        encoder=back,
        inputs=tuple(Tensor(name, (None, None), "int64") for name in names),
        outputs=head.outputs,
        notes=tuple(_notes(source, head, why, compact, encoder)),
    )


def _head(source: Source, encoder: CompactEncoder) -> tuple[Head, str, str]:
    """What is behind the encoder, the type of model, and, if nothing is behind it, why."""
    alone = encoder_alone(encoder)
    room = source.task.optional_output_part(PUBLISHED)
    if room is None:
        return alone, kind_of(encoder, alone), "it has none for such answers"
    try:
        head = room.head(source.model)
        return head, kind_of(encoder, head), ""
    except NoAutoClass as reason:
        return alone, kind_of(encoder, alone), str(reason)


def _most(source: Source, encoder: CompactEncoder) -> int:
    """The most tokens of a text: the run's, or the encoder's where the run is nothing else."""
    if source.task.only:
        return encoder.max_length
    return min(source.settings["max_tokens"], encoder.max_length)


def _labels(source: Source, head: Head) -> dict[str, Any]:
    """The fields of config.json with the names of the classes."""
    if not head.task or source.task.only or head.outputs[0].shape[-1] != len(source.labels):
        return {}
    return {
        "id2label": {str(number): name for number, name in enumerate(source.labels)},
        "label2id": {name: number for number, name in enumerate(source.labels)},
    }


def _notes(
    source: Source, head: Head, why: str, before: CompactEncoder, after: CompactEncoder
) -> Iterator[str]:
    loading = dict.fromkeys((head.auto, "AutoModel", "AutoTokenizer"))
    yield f"transformers loads it: {', '.join(loading)}."
    if why:
        yield f"It holds the encoder alone. No Auto class has the run's head: {why}."
    yield from filled_up(before, after)
    yield from preparation(source)

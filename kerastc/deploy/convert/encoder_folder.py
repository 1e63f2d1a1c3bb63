"""Exports a run's encoder as a folder that another library loads: Hugging Face's, or KerasHub's.

It is read back, and its states are compared with the run's, before it takes its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastc.backend import precision
from kerastc.deploy.convert.in_tensorflow import Request
from kerastc.deploy.convert.parity import TOLERANCES
from kerastc.deploy.convert.replacing import require_replaceable
from kerastc.deploy.convert.request import FILES, FOLDER
from kerastc.deploy.convert.run_export import in_float32
from kerastc.deploy.signature import Signature, digest, size
from kerastc.errors import UserError
from kerastc.models.compact_encoder import CompactEncoder
from kerastc.models.loading import load_model
from kerastc.models.parts import encoder_layer
from kerastc.models.sequence_encoder import INPUTS, SEGMENTS, SequenceEncoder
from kerastc.run import Run
from kerastc.tasks import Task, output_of, task_of
from kerastc.tensor import Tensor
from kerastc.text.preparation import TextPreparation
from kerastc.text.tokenizer import Tokenizer

ROWS, LONGEST = 16, 64  # of random tokens, on which states are compared


@dataclass(frozen=True)
class Source:
    """What is exported.

    Args:
        task: of the run.
        settings: its preprocessing.json.
        labels: its labels.txt.
        model: its model, in float32.
        tokenizer: of the model.
    """

    task: Task
    settings: Mapping[str, Any]
    labels: tuple[str, ...]
    model: keras.Model
    tokenizer: Tokenizer

    @property
    def encoder(self) -> SequenceEncoder:
        """Of the model."""
        return encoder_layer(self.model)


@dataclass(frozen=True)
class Written:
    """What a folder holds.

    Args:
        encoder: the folder's, read back.
        inputs, outputs: of the model that the library makes of it.
        notes: for its user.
        exact: whether its states have to be the run's.
    """

    encoder: SequenceEncoder
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    notes: tuple[str, ...]
    exact: bool = True


def export_folder(request: Request) -> Signature:
    """Writes RUN/exports/huggingface or RUN/exports/keras-hub, and the signature.

    Raises:
        UserError: the library has no such encoder, or the folder, read back, gives other states.
    """
    from kerastc.deploy.convert import hugging_face_folder, keras_hub_folder

    write = {"huggingface": hugging_face_folder.write, "keras-hub": keras_hub_folder.write}
    run, name = Run.open(Path(request.run)), FILES[request.format]
    with precision("float32"):
        source = _source(run)
        with run.writing(FOLDER, name) as made, run.writing(FOLDER, f"{name}.json") as told:
            made.mkdir()
            written = write[request.format](made, source)
            parity = _compared(written, source, name)
            signature = _signature(request, source, written, made)
            signature = replace(signature, file=name, tokenizer=name, parity=parity)
            if not written.exact:
                told_so = f"A state differs by up to {parity['max_difference']:.2g}."
                signature = replace(signature, notes=(*signature.notes, told_so))
            signature.write(told)
            require_replaceable(run.path(FOLDER, name), made)
    return replace(signature, folder=run.path(FOLDER))


def _source(run: Run) -> Source:
    model = in_float32(load_model(run.required("model.keras")))
    if encoder_layer(model) is None:
        raise UserError(f"{run.path('model.keras')} has no text encoder.")
    return Source(
        task=task_of(run),
        settings=run.read_json("preprocessing.json"),
        labels=output_of(run).labels,
        model=model,
        tokenizer=Tokenizer.read(run.required("tokenizer")),
    )


def _signature(request: Request, source: Source, written: Written, made: Path) -> Signature:
    return Signature(
        format=request.format,
        file=made.name,
        sha256=digest(made),
        bytes=size(made),
        task=source.task.name,
        inputs=written.inputs,
        outputs=written.outputs,
        classes=source.labels,
        preprocessing=dict(source.settings),
        tokenizer=made.name,
        quantization=request.quantization,
        parameters=source.model.count_params(),
        notes=written.notes,
    )


def _compared(written: Written, source: Source, name: str) -> dict[str, Any]:
    """How far the states differ from the run's, on random tokens.

    Raises:
        UserError: they are not the same although they have to be.
    """
    rows = random_rows(source.encoder, written.encoder)
    found, wanted = (states_of(one, rows) for one in (written.encoder, source.encoder))
    difference = np.abs(found - wanted)[rows[INPUTS[1]] == 1]
    tolerance = TOLERANCES["float32"] * max(1.0, float(np.abs(wanted).max()))
    if not np.isfinite(found).all() or (written.exact and difference.max() > tolerance):
        raise UserError(
            f"{name} is not the same as the Keras model: a state differs by "
            f"{difference.max():.2g}; {tolerance:.2g} is allowed. Nothing was written.",
            "This is a bug of kerastc.",
        )
    return {
        "rows": ROWS,
        "max_difference": float(difference.max()),
        "mean_difference": float(difference.mean()),
        "tolerance": tolerance if written.exact else None,
    }


def random_rows(*encoders: SequenceEncoder) -> dict[str, np.ndarray]:
    """Rows of 1 to 64 tokens, any of them, the same each time: what each of some encoders takes."""
    random = np.random.default_rng(0)
    longest = min(LONGEST, *(encoder.max_length for encoder in encoders))
    tokens = min(len(encoder.tokens.get_weights()[0]) for encoder in encoders)
    shape = (ROWS, longest)
    lengths = np.linspace(1, longest, ROWS).astype(int)
    rows = {
        "token_ids": random.integers(0, tokens, shape).astype("int32"),
        "padding_mask": (np.arange(longest) < lengths[:, None]).astype("int32"),
    }
    if all(encoder.segments is not None for encoder in encoders):
        rows[SEGMENTS] = random.integers(0, 2, shape).astype("int32")
    return rows


def states_of(encoder: SequenceEncoder, rows: Mapping[str, np.ndarray]) -> np.ndarray:
    """The states of rows, (rows, length, width) float32."""
    return np.asarray(keras.ops.convert_to_numpy(encoder(dict(rows), training=False)), "float32")


def filled_up(before: CompactEncoder, after: CompactEncoder) -> tuple[str, ...]:
    """What was undone of a compression, for the user."""
    if before is after:
        return ()
    return (
        "What compression removed is filled up with zeros, and factors are multiplied out: "
        f"{after.count_params():,} parameters, of {before.count_params():,}.",
    )


def preparation(source: Source) -> tuple[str, ...]:
    """What happens to the run's texts before the tokenizer, for the user."""
    given = TextPreparation.of(source.settings.get("preparation") or {})
    changed = [
        f"{field.name}={str(getattr(given, field.name)).lower()}"
        for field in fields(given)
        if getattr(given, field.name) != field.default
    ]
    if not given.changes:
        return ()
    return (f"The run prepares texts before its tokenizer: {', '.join(changed)}. Do it, too.",)

"""A run to files that other programs run, each compared with the Keras model."""

import contextlib
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerastc.deploy.export_request import FOLDER, checked, file_name
from kerastc.deploy.in_tensorflow import Request, in_another_process, keeps_tensorflow, quiet
from kerastc.deploy.signature import (
    SERVE,
    TEXT_INPUTS,
    Signature,
    Tensor,
    beside,
    digest,
    size,
)
from kerastc.kinds import kind_of
from kerastc.run import Run

if TYPE_CHECKING:
    from kerastc.deploy.run_export import RunExport


def export(
    run: Run,
    format: str = "litert",
    *,
    batch: int | None = None,
    length: int | Sequence[int] | None = None,
    quantization: str | None = None,
    exclude: Sequence[str] = (),
    names: str = "keras",
    calibration: Sequence[np.ndarray] | None = None,
) -> Signature:
    """Writes RUN/exports/model.tflite, model.onnx or saved_model/ and its signature beside it.

    A quantized LiteRT file has a name of its own, such as model-int8.tflite; only that of a run
    that was itself compressed to it is model.tflite. An earlier file of the same name gives way;
    where the new one fails, it stays.

    Args:
        run: with a trained model.
        format: "litert", "onnx" or "saved_model".
        batch: texts or images a call, 0 for any; by default 1 in LiteRT and any elsewhere.
        length: tokens a text, 0 for any; by default any in ONNX and elsewhere as many as in
            training. A LiteRT file may have several: a text takes the shortest that holds it, and
            all share one set of weights. Images have none.
        quantization: of LiteRT files, see `kerastc.deploy.litert.convert`; by default "float32", or
            that which the run itself was compressed with.
        exclude: operators of LiteRT files that are not quantised, as in `convert`.
        names: of an ONNX file's inputs, a key of `kerastc.deploy.signature.TEXT_INPUTS`.
        calibration: for int8-static, token ids of real texts, (n,) each, or real images, (height,
            width, channels) uint8 each; by default validation rows of the run.

    Raises:
        UserError: for what is not allowed, before any work; for a model that the format cannot
            express; for an export that differs from the Keras model beyond its tolerance.
    """
    request = checked(run, format, batch, length, quantization, exclude, names)
    with run.lock():
        if not keeps_tensorflow():
            return in_another_process(request, calibration)
        return carried_out(request, calibration)


def carried_out(request: Request, calibration: Sequence[np.ndarray] | None) -> Signature:
    """What `export` promises, in a process whose Keras is on TensorFlow."""
    with quiet():
        return _export(request, calibration)


def _export(request: Request, calibration: Sequence[np.ndarray] | None) -> Signature:
    from kerastc.backend import choose_backend

    choose_backend("tensorflow")
    run = Run.open(Path(request.run))
    task = _task(run, request)
    rows = None
    if request.quantization == "int8-static":
        rows = task.rows if calibration is None else task.calibration(calibration)
    name = file_name(run, request.format, request.quantization)
    with contextlib.ExitStack() as stack:
        # The model comes into its place last: a signature without it is found out at once.
        made = stack.enter_context(run.writing(FOLDER, name))
        told = stack.enter_context(run.writing(FOLDER, beside(Path(name)).name))
        if task.tokenizer:
            task.copy_tokenizer(stack.enter_context(run.writing(FOLDER, task.tokenizer)))
        notes = _convert(task, request, rows, made)
        signature = _signature(task, request, made, (*notes, *task.notes()))
        parity = _compared(task, signature, name)
        signature = replace(signature, file=name, parity=parity)
        signature.write(told)
    return replace(signature, folder=run.path(FOLDER))


def _task(run: Run, request: Request) -> "RunExport":
    if kind_of(run) == "image":
        from kerastc.deploy.image_export import ImageExport

        return ImageExport(run, request.batch)
    from kerastc.deploy.text_export import TextExport

    return TextExport(run, request.batch, request.lengths)


def _convert(
    task: "RunExport", request: Request, calibration: dict | None, path: Path
) -> tuple[str, ...]:
    """Writes the model in its format; returns what its user should know."""
    from kerastc.deploy import litert, onnx, saved_model

    if request.format == "saved_model":
        graph, notes = task.graph()
        saved_model.write(task.light_model, task.inputs, path, task.classes, graph)
        return notes
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "saved_model")
        saved_model.write(task.light_model, task.inputs, folder, more=task.shorter)
        if request.format == "onnx":
            path.write_bytes(onnx.convert(folder, task.inputs, _inputs(task, request)))
        else:
            path.write_bytes(
                litert.convert(
                    folder,
                    request.quantization,
                    calibration,
                    request.exclude,
                    (*task.shorter, SERVE),
                )
            )
    return ()


def _inputs(task: "RunExport", request: Request) -> tuple[Tensor, ...]:
    """The inputs of the file; under the names of Hugging Face they have its 64 bits, too."""
    if request.names == "keras":
        return task.inputs
    names = TEXT_INPUTS[request.names]
    return tuple(
        replace(tensor, name=name, dtype="int64")
        for tensor, name in zip(task.inputs, names, strict=True)
    )


def _signature(
    task: "RunExport", request: Request, path: Path, notes: tuple[str, ...]
) -> Signature:
    return Signature(
        format=request.format,
        file=path.name,
        sha256=digest(path),
        bytes=size(path),
        kind=task.kind,
        inputs=_inputs(task, request),
        outputs=task.outputs,
        classes=task.classes,
        preprocessing=task.settings,
        tokenizer=task.tokenizer,
        quantization=request.quantization,
        parameters=task.light_model.count_params(),
        lengths=task.lengths,
        notes=notes,
        folder=path.parent,
    )


def _compared(task: "RunExport", signature: Signature, name: str) -> dict:
    """The parity of a file, by the program that will run it; see `kerastc.deploy.parity`."""
    from kerastc.deploy.parity import compare

    expected = task.expected()
    if signature.format == "saved_model":
        import tensorflow as tf

        loaded = tf.saved_model.load(str(signature.path))
        serve, served = loaded.signatures["serve"], loaded.signatures["serving_default"]

        def call(rows):
            return serve(**{n: tf.constant(a) for n, a in rows.items()})["logits"].numpy()

        given = task.given()
        if set(served.structured_input_signature[1]) == set(given):
            found = served(**{n: tf.constant(a) for n, a in given.items()})["logits"].numpy()
            compare(found, expected, signature.quantization, f"serving_default of {name}")
    else:
        from kerastc.deploy.sessions import start

        session = start(signature)

        def run_named(rows):
            given = zip(signature.inputs, task.inputs, strict=True)
            return session.run({t.name: rows[own.name].astype(t.dtype) for t, own in given})

        call = task.by_length(run_named)
    return compare(task.logits(call), expected, signature.quantization, name).as_dict()

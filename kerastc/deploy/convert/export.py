"""Exports a run to files for other programs, each compared with the Keras model."""

import contextlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerastc.deploy.convert.in_tensorflow import (
    Request,
    in_another_process,
    keeps_tensorflow,
    quiet,
)
from kerastc.deploy.convert.replacing import require_replaceable
from kerastc.deploy.convert.request import FOLDER, FOLDERS, checked, file_name
from kerastc.deploy.signature import SERVE, Signature, beside, digest, size
from kerastc.inputs.input import OWN
from kerastc.run import Run
from kerastc.tensor import Tensor

if TYPE_CHECKING:
    from kerastc.deploy.convert.run_export import RunExport


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
    """Writes a file or folder of a run into RUN/exports, and its signature.

    They are model.tflite, model.onnx, saved_model/, huggingface/ and keras-hub/.

    A quantized LiteRT file has its own name, such as model-int8.tflite; it is model.tflite only for
    a run that was itself compressed to it. An earlier file of the same name is replaced, unless the
    new one fails.

    Args:
        run: with a trained model.
        format: "litert", "onnx", "saved_model"; or "huggingface", "keras-hub", the weights as those
            libraries load them, for which none of the following is given.
        batch: rows per call, 0 for any; by default 1 in LiteRT and any elsewhere.
        length: tokens per row, 0 for any; by default any in ONNX, elsewhere as many as in training
            and, in LiteRT, the further `Input.usual_lengths`. A LiteRT file may have several: a row
            takes the shortest that holds it, and all share one set of weights. Images have none.
        quantization: of LiteRT files, see `kerastc.deploy.convert.litert.convert`; by default
            "float32", or that with which the run itself was compressed.
        exclude: operators of LiteRT files that are not quantised, as in `convert`.
        names: scheme for an ONNX file's input names, a key of `Input.names`.
        calibration: for int8-static, token ids of real texts, (n,) each, or real images, (height,
            width, channels) uint8 each; by default validation rows of the run.

    Raises:
        UserError: an argument is not allowed (before any work), the format cannot express the
            model, the export differs from the Keras model beyond its tolerance, or it would
            take the place of what is no earlier one.
    """
    request = checked(run, format, batch, length, quantization, exclude, names)
    with run.lock():
        if format in FOLDERS:
            return _folder(request)
        if not keeps_tensorflow():
            return in_another_process(request, calibration)
        return carried_out(request, calibration)


def _folder(request: Request) -> Signature:
    """An encoder's folder, written on whichever backend Keras is."""
    from kerastc.backend import choose_backend

    choose_backend()
    from kerastc.deploy.convert.encoder_folder import export_folder

    return export_folder(request)


def carried_out(request: Request, calibration: Sequence[np.ndarray] | None) -> Signature:
    """Does the work of `export`, in a process whose Keras is on TensorFlow."""
    with quiet():
        return _export(request, calibration)


def _export(request: Request, calibration: Sequence[np.ndarray] | None) -> Signature:
    from kerastc.backend import choose_backend

    choose_backend("tensorflow")
    from kerastc.deploy.convert.run_export import RunExport

    run = Run.open(Path(request.run))
    export = RunExport(run, request.batch, request.lengths or ())
    rows = None
    if request.quantization == "int8-static":
        rows = export.arrays if calibration is None else export.calibration(calibration)
    name = file_name(run, request.format, request.quantization)
    with contextlib.ExitStack() as stack:
        # The model is moved in last: a signature without it is noticed at once.
        made = stack.enter_context(run.writing(FOLDER, name))
        told = stack.enter_context(run.writing(FOLDER, beside(Path(name)).name))
        if folder := export.input.folder:
            beside_it = stack.enter_context(run.writing(FOLDER, folder))
            shutil.copytree(run.path(folder), beside_it)
            require_replaceable(run.path(FOLDER, folder), beside_it)
        notes = _convert(export, request, rows, made)
        signature = _signature(export, request, made, (*notes, *export.notes()))
        parity = _compared(export, signature, name)
        signature = replace(signature, file=name, parity=parity)
        signature.write(told)
        require_replaceable(run.path(FOLDER, name), made)
    return replace(signature, folder=run.path(FOLDER))


def _convert(
    export: "RunExport", request: Request, calibration: dict | None, path: Path
) -> tuple[str, ...]:
    """Writes the model in its format; returns notes for its user."""
    from kerastc.deploy.convert import litert, onnx, saved_model

    model, inputs, outputs = export.light_model, export.inputs, export.outputs
    if request.format == "saved_model":
        graph, notes = export.graph()
        served = export.task.output_part("export").served
        saved_model.write(model, inputs, outputs, path, export.output.labels, served, graph)
        return notes
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "saved_model")
        saved_model.write(model, inputs, outputs, folder, more=export.shorter)
        if request.format == "onnx":
            path.write_bytes(onnx.convert(folder, inputs, _inputs(export, request)))
        else:
            path.write_bytes(
                litert.convert(
                    folder,
                    request.quantization,
                    calibration,
                    request.exclude,
                    (*export.shorter, SERVE),
                )
            )
    return ()


def _inputs(export: "RunExport", request: Request) -> tuple[Tensor, ...]:
    """The inputs of the file; under foreign names they have 64 bits, as is usual there."""
    names = export.input.names[request.names]
    if request.names == OWN:
        return export.inputs
    return tuple(replace(t, name=names[t.name], dtype="int64") for t in export.inputs)


def _signature(
    export: "RunExport", request: Request, path: Path, notes: tuple[str, ...]
) -> Signature:
    return Signature(
        format=request.format,
        file=path.name,
        sha256=digest(path),
        bytes=size(path),
        task=export.task.name,
        inputs=_inputs(export, request),
        outputs=export.outputs,
        classes=export.output.labels,
        preprocessing=export.settings,
        tokenizer=export.input.folder,
        quantization=request.quantization,
        parameters=export.light_model.count_params(),
        lengths=export.lengths,
        notes=notes,
        folder=path.parent,
    )


def _compared(export: "RunExport", signature: Signature, name: str) -> dict:
    """The parity of a file, run by the program that will run it later; see `parity`."""
    from kerastc.deploy.convert.parity import compare

    expected, output, rows = export.expected(), export.output, export.rows
    quantization = signature.quantization
    if signature.format == "saved_model":
        serve, served = _saved_functions(signature)
        given = export.given()
        if set(served.structured_input_signature[1]) == set(given):
            found = output.cut(_called(served, given), export.input.sizes(rows))
            compare(found, expected, output, rows, quantization, f"serving_default of {name}")
        found = export.found(lambda arrays: _called(serve, arrays))
    else:
        from kerastc.deploy.run.sessions import start

        session = start(signature)

        def call(arrays):
            own = zip(signature.inputs, export.inputs, strict=True)
            return session.run({t.name: arrays[mine.name].astype(t.dtype) for t, mine in own})

        found = export.found(call, short=True)
    return compare(found, expected, output, rows, quantization, name).as_dict()


def _saved_functions(signature: Signature) -> tuple:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(signature.path))
    return loaded.signatures["serve"], loaded.signatures["serving_default"]


def _called(function, arrays: dict) -> dict[str, np.ndarray]:
    import tensorflow as tf

    found = function(**{name: tf.constant(array) for name, array in arrays.items()})
    return {name: tensor.numpy() for name, tensor in found.items()}

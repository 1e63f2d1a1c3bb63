"""Conversion needs TensorFlow: in this process if Keras is on it, else in a separate one.

python -m kerastc.deploy.convert.in_tensorflow REQUEST.json ANSWER.json
"""

import contextlib
import importlib.util
import io
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from kerastc.deploy.signature import Signature, beside
from kerastc.errors import UserError

ROWS = "calibration.npz"  # next to the request, if there are any


@dataclass(frozen=True)
class Request:
    """What to export, checked and complete; the fields are those of `kerastc.deploy.export`.

    `lengths` ascend; empty for an open length, None if rows have no length.
    """

    run: str
    format: str
    batch: int | None
    lengths: tuple[int, ...] | None
    quantization: str
    exclude: tuple[str, ...]
    names: str = "keras"


def keeps_tensorflow() -> bool:
    """Whether Keras in this process is, or can be, on TensorFlow.

    Raises:
        UserError: TensorFlow is not installed.
    """
    if importlib.util.find_spec("tensorflow") is None:
        raise UserError(
            "Exports are made by TensorFlow, which is not installed.",
            "Install it: pip install tensorflow tensorflow-text",
        )
    if "keras" in sys.modules:
        import keras

        return keras.backend.backend() == "tensorflow"
    return os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow"


def in_another_process(request: Request, calibration: Sequence[np.ndarray] | None) -> Signature:
    """Exports in a process whose Keras is on TensorFlow.

    Raises:
        UserError: the error raised there, or why the process ended.
    """
    with tempfile.TemporaryDirectory() as scratch:
        asked, answered = Path(scratch, "request.json"), Path(scratch, "answer.json")
        asked.write_text(json.dumps(asdict(request)), "utf-8")
        if calibration is not None:
            # Of a row of tokens, its ids.
            np.savez(Path(scratch, ROWS), *(getattr(row, "ids", row) for row in calibration))
        done = subprocess.run(
            # -P: nothing is imported from the current folder.
            [
                sys.executable,
                "-P",
                "-m",
                "kerastc.deploy.convert.in_tensorflow",
                str(asked),
                str(answered),
            ],
            env=os.environ | {"KERAS_BACKEND": "tensorflow"},
            capture_output=True,
            text=True,
            errors="replace",
        )
        if not answered.is_file():
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise UserError(
                f"The process that converts ended with {done.returncode}: {last}",
                "If it was killed, memory ran out: conversion needs a few times the model's size.",
            )
        answer = json.loads(answered.read_text("utf-8"))
    if "error" in answer:
        raise UserError(answer["error"], answer["hint"])
    return Signature.read(Path(answer["signature"]))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hides what TensorFlow, its converters and their progress bars print.

    Errors are raised as exceptions.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(descriptor) for descriptor in (1, 2)]
    try:
        with contextlib.ExitStack() as stack:
            nowhere = stack.enter_context(tempfile.TemporaryFile())
            for descriptor in (1, 2):
                os.dup2(nowhere.fileno(), descriptor)
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            yield
    finally:
        for descriptor, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)


def main(asked: str, answered: str) -> None:
    """Reads a request and writes the answer: the signature's path, or the error."""
    from kerastc.deploy.convert.export import carried_out

    given = json.loads(Path(asked).read_text("utf-8"))
    lengths = given["lengths"]
    given["lengths"] = None if lengths is None else tuple(lengths)
    request = Request(**given | {"exclude": tuple(given["exclude"])})
    rows = Path(asked).with_name(ROWS)
    calibration = None
    if rows.is_file():
        with np.load(rows, allow_pickle=False) as file:
            calibration = list(file.values())
    try:
        signature = carried_out(request, calibration)
        answer = {"signature": str(beside(signature.path).absolute())}
    except UserError as error:
        answer = {"error": error.message, "hint": error.hint}
    Path(answered).write_text(json.dumps(answer), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

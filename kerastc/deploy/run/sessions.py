"""One interface to the programs that run exported models, LiteRT and ONNX Runtime.

A session takes and returns arrays by name. Both libraries check a file before they use it; their
errors and output become one message.
"""

import importlib
import os
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np

from kerastc.deploy.signature import SERVE, Signature, of_length
from kerastc.errors import UserError
from kerastc.tensor import Tensor

AGAIN = "It was damaged on the way, or is another kind of file. Export again: kerastc export RUN"
LITERT_MARK = b"TFL3"  # at bytes 4 to 8: the file identifier of the flatbuffer


class Session(ABC):
    """A model in memory, ready to be called.

    Attributes:
        path: its file.
        inputs, outputs: as the file itself describes them.
        signatures: names of its functions, if its format has several.
    """

    path: Path
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    signatures: Collection[str] = ()

    def run(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs by name, each (batch, ...), for arrays by input name.

        Raises:
            UserError: the model refuses the arrays.
        """
        try:
            return self._run(arrays)
        except (ValueError, RuntimeError, TypeError) as error:  # ONNX Runtime's are RuntimeErrors
            shapes = ", ".join(f"{name} {value.shape}" for name, value in arrays.items())
            raise UserError(f"{self.path} refuses its inputs ({shapes}): {error}") from None

    @abstractmethod
    def _run(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]: ...


class LiteRT(Session):
    """A .tflite file, with XNNPACK's kernels where they apply.

    If it has several signatures for inputs of several shapes, the arrays select theirs.
    """

    def __init__(self, path: Path, threads: int):
        with path.open("rb") as file:
            if file.read(8)[4:] != LITERT_MARK:
                raise UserError(f"{path} is not a LiteRT file: it lacks the mark TFL3.", AGAIN)
        interpreter = library("litert").Interpreter
        try:
            with _quiet():
                # The interpreter checks the whole flatbuffer before it reads any of it.
                self._interpreter = interpreter(model_path=str(path), num_threads=threads)
                names = tuple(self._interpreter.get_signature_list())
                if not names:
                    raise UserError(f"{path} has no signature: its inputs have no names.", AGAIN)
                self._interpreter.allocate_tensors()
                runners = {name: self._interpreter.get_signature_runner(name) for name in names}
        except (ValueError, RuntimeError) as error:
            raise UserError(f"{path} cannot be loaded: {error}", AGAIN) from None
        self.path = path
        self.signatures = names
        self._main = runners.get(SERVE, runners[names[0]])
        self.inputs = _tensors(self._main.get_input_details())
        self.outputs = _tensors(self._main.get_output_details())
        self._by_shape = {
            tuple(tensor.shape for tensor in _tensors(runner.get_input_details())): runner
            for runner in runners.values()
        }

    def _run(self, arrays):
        shapes = tuple(np.shape(arrays.get(tensor.name)) for tensor in self.inputs)
        return self._by_shape.get(shapes, self._main)(**arrays)


class Onnx(Session):
    """An .onnx file."""

    def __init__(self, path: Path, threads: int):
        onnxruntime = library("onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # each kind of failure has its own class, with no common base
            raise UserError(f"{path} cannot be loaded: {error}", AGAIN) from None
        self.path = path
        self.inputs = tuple(map(_onnx_tensor, self._session.get_inputs()))
        self.outputs = tuple(map(_onnx_tensor, self._session.get_outputs()))
        self._names = [tensor.name for tensor in self.outputs]

    def _run(self, arrays):
        found = self._session.run(self._names, arrays)
        return dict(zip(self._names, found, strict=True))


FORMATS = {"litert": LiteRT, "onnx": Onnx}
LIBRARIES = {
    "litert": ("ai_edge_litert.interpreter", "ai-edge-litert"),
    "onnx": ("onnxruntime", "onnxruntime"),
}


def start(signature: Signature, threads: int = 1) -> Session:
    """Loads the model of a signature, and compares the two.

    Raises:
        UserError: the format does not run on devices, a library is missing, the file is invalid, or
            its inputs and outputs are not the signature's.
    """
    require_format(signature)
    session = FORMATS[signature.format](signature.path, threads)
    for what in ("inputs", "outputs"):
        told = {tensor.name: tensor for tensor in getattr(signature, what)}
        found = {tensor.name: tensor for tensor in getattr(session, what)}
        if told != found:
            raise UserError(
                f"{signature.path} has the {what} {in_words(found.values())}; its signature says "
                f"{in_words(told.values())}.",
                "The two do not belong together. Export again: kerastc export RUN",
            )
    lacking = [n for n in signature.lengths[:-1] if of_length(n) not in session.signatures]
    if lacking:
        raise UserError(
            f"{signature.path} has no function for {lacking[0]} tokens; its signature names one.",
            "The two do not belong together. Export again: kerastc export RUN",
        )
    return session


def require_format(signature: Signature) -> None:
    """Raises a `UserError` if the model of a signature is none that runs on devices."""
    if signature.format not in FORMATS:
        raise UserError(
            f"{signature.path} has the format {signature.format}; only "
            f"{', '.join(FORMATS)} run here.",
            "Export one of those: kerastc export RUN --format litert",
        )


def library(format: str) -> ModuleType:
    """Imports what runs a format.

    Raises:
        UserError: it is not installed.
    """
    module, package = LIBRARIES[format]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UserError(
            f"{package} cannot be imported: {error}.", f"Install it: pip install {package}"
        ) from None


def in_words(tensors: Iterable[Tensor]) -> str:
    """Name, type and shape of each: `token_ids int32 [1 x any]`."""
    return ", ".join(
        f"{tensor.name} {tensor.dtype} [{' x '.join(str(n or 'any') for n in tensor.shape)}]"
        for tensor in sorted(tensors, key=lambda tensor: tensor.name)
    )


def _tensors(details: Mapping[str, dict]) -> tuple[Tensor, ...]:
    return tuple(
        Tensor(
            name,
            tuple(int(n) if n > 0 else None for n in detail["shape_signature"]),
            np.dtype(detail["dtype"]).name,
        )
        for name, detail in details.items()
    )


def _onnx_tensor(value) -> Tensor:
    shape = tuple(n if isinstance(n, int) else None for n in value.shape)
    kind = value.type.removeprefix("tensor(").removesuffix(")")
    return Tensor(value.name, shape, {"float": "float32", "double": "float64"}.get(kind, kind))


@contextmanager
def _quiet() -> Iterator[None]:
    """Hides what LiteRT's C++ writes to standard error; its errors are raised as well."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with tempfile.TemporaryFile() as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)

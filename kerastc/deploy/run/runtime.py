"""Runs an exported model without Keras: with Python, NumPy and an interpreter.

Further needs depend on the input: texts need the tokenizer's library, image files Pillow.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.deploy.run.sessions import Session, in_words, start
from kerastc.deploy.signature import EXPORTED, Signature, shortest
from kerastc.errors import UserError
from kerastc.inputs.input import Input, Rows
from kerastc.outputs.output import Output, Outputs
from kerastc.predictor import Predictor
from kerastc.progress import progress
from kerastc.tasks import Task, task_named

BATCH = 32  # if the model takes any
BUNDLE = EXPORTED[-1]


def load(path: Path, threads: int = 1) -> Predictor:
    """Reads FILE.tflite or FILE.onnx with the files next to it, or a bundle.

    Args:
        path: the model, its signature, or a bundle's .zip.
        threads: that a call may use.

    Raises:
        UserError: a part is missing, damaged, or does not belong to the others.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"There is no file {path}.", "Write one: kerastc export RUN")
    if path.suffix == BUNDLE:
        from kerastc.deploy import bundle

        # The model stays mapped into memory after the folder is gone.
        with bundle.unpacked(path) as unpacked:
            return _ready(unpacked.signature, threads)
    return _ready(Signature.read(path), threads)


def predictor_for(signature: Signature) -> Predictor:
    """A predictor for a signature's model, once its session is started.

    Raises:
        UserError: the task is unknown, or the inputs and outputs do not fit it.
    """
    task = task_named(signature.task, signature.path)
    output = task.output(signature.classes, signature.preprocessing.get("decoding"))
    found = {tensor.name: tensor.shape for tensor in signature.outputs}
    if not output.fit(found):
        raise UserError(
            f"{signature.path} gives {in_words(signature.outputs)}; its signature names "
            f"{len(signature.classes)} {output.kinds}, for which "
            f"{in_words(output.tensors(None))} is wanted."
        )
    folder = signature.tokenizer_path if task.input.folder else None
    if folder is not None and not folder.is_dir():
        raise UserError(
            f"{folder} is missing: {signature.path} needs its {task.input.folder}.",
            "Copy the folder from where `kerastc export` wrote it, or use a bundle.",
        )
    input = task.input.read(signature.preprocessing, folder)
    session = Exported(signature, task, input, output)
    name = f"{signature.path.name}, {signature.quantization}"
    return Predictor(task, input, output, session, name, signature.parameters)


def _ready(signature: Signature, threads: int) -> Predictor:
    signature.verify()
    predictor = predictor_for(signature)
    predictor.session.start(threads)
    predictor.session.check()
    return predictor


class Exported:
    """An exported model; see `kerastc.predictor.Session`.

    Args:
        signature: its inputs and outputs.
        task: of the model.
        input, output: of this model.

    Attributes:
        batch: rows per call; None is any.
        lengths: to which a row may be padded, ascending, with None for any; empty if rows have no
            length.
        length: the largest; None is any.

    Raises:
        UserError: the inputs are not those of the task.
    """

    def __init__(self, signature: Signature, task: Task, input: Input, output: Output):
        self.signature = signature
        self.input = input
        self.output = output
        self.batch, self.length = _shape(signature, task, input)
        self.lengths: tuple[int | None, ...] = signature.lengths
        if task.input.least and not self.lengths:
            self.lengths = (self.length,)
        own = {name: mine for mine, name in input.scheme(signature.inputs).items()}
        self._own = [(tensor, own[tensor.name]) for tensor in signature.inputs]
        self._session: Session

    def start(self, threads: int = 1) -> None:
        """Loads the model; errors as in `kerastc.deploy.run.sessions.start`."""
        self._session = start(self.signature, threads)

    def check(self) -> None:
        """Checks that the model takes whatever its input can produce.

        Raises:
            UserError: it does not.
        """
        arrays = self.inputs([self.input.probe()] * (self.batch or 1))
        try:
            self.run(arrays)
        except UserError as error:
            if not self.input.folder:
                raise
            raise UserError(
                f"The tokenizer in {self.signature.tokenizer_path} gives ids up to "
                f"{max(int(array.max()) for array in arrays.values())}, which "
                f"{self.signature.path} does not take: {error.message}",
                "Copy the model and its tokenizer from one export.",
            ) from None

    def inputs(self, rows: Rows, length: int | None = None) -> dict[str, np.ndarray]:
        """The arrays of one call.

        Args:
            rows: as many as the model takes at a time.
            length: of a row, if the model leaves a choice; by default as few tokens as hold the
                longest.

        Raises:
            UserError: the input cannot produce such rows.
        """
        if self.length is not None:
            longest = min(max(self.input.sizes(rows)), self.length)
            length = length or shortest(self.lengths, longest)
        arrays = self.input.arrays(rows, length)
        return {
            tensor.name: arrays[own].astype(tensor.dtype, copy=False) for tensor, own in self._own
        }

    def run(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """One call: from `inputs` to the outputs by name, each (rows, ...) float32."""
        return self._session.run(arrays)

    def calls(
        self, rows: Rows, size: int, length: int | None = None
    ) -> Iterator[tuple[list[Any], dict[str, np.ndarray]]]:
        """The rows of each call, so many at most, with its arrays; `length` as in `inputs`.

        A model with a fixed batch takes no fewer: the last row of a call fills it up.
        """
        for begin in range(0, len(rows), size):
            part = [rows[i] for i in range(begin, min(begin + size, len(rows)))]
            filled = part + [part[-1]] * (size - len(part)) if self.batch else part
            yield part, self.inputs(filled, length)

    def outputs(self, rows: Rows) -> Outputs:
        """The model's outputs for the rows."""
        parts = []
        with progress("Predicting", len(rows)) as advance:
            for part, arrays in self.calls(rows, self.batch or BATCH):
                # Rows that fill up a batch are dropped.
                found = {name: array[: len(part)] for name, array in self.run(arrays).items()}
                parts.append(self.output.cut(found, self.input.sizes(part)))
                advance(len(part))
        return self.output.merged(parts)


def _shape(signature: Signature, task: Task, input: Input) -> tuple[int | None, int | None]:
    """Rows per call, and tokens per row (the largest of several lengths); None is any.

    Raises:
        UserError: the inputs are not those of the task.
    """
    scheme = input.scheme(signature.inputs) or {}
    given = {tensor.name: tensor for tensor in signature.inputs}
    batches, lengths, fit = set(), set(), bool(scheme)
    for wanted in input.tensors(None) if fit else ():
        found = given[scheme[wanted.name]]
        fit &= len(found.shape) == len(wanted.shape) and _alike(found.dtype, wanted.dtype)
        batches.add(found.shape[0])
        for size, own in zip(found.shape[1:], wanted.shape[1:], strict=False):
            fit &= own in (None, size)
            lengths |= {size} if own is None else set()
    if not fit or len(batches) != 1 or len(lengths) > 1:
        raise UserError(
            f"{signature.path} has the inputs {in_words(signature.inputs)}; a model of "
            f"{task.units} has {in_words(input.tensors(None))}."
        )
    length = next(iter(lengths), None)
    if signature.lengths and signature.lengths[-1] != length:
        raise UserError(
            f"{signature.path} takes {length or 'any number of'} tokens, but its signature has the "
            f"lengths {', '.join(map(str, signature.lengths))}."
        )
    return next(iter(batches)), length


def _alike(found: str, wanted: str) -> bool:
    """Whether an array of one type can be passed as the other; integers may have 64 bits."""
    return found == wanted or (found, wanted) == ("int64", "int32")

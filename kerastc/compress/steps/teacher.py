"""The teacher of every training within a step: the original run."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastc.compress.steps.taught import Said
from kerastc.files import writing
from kerastc.inputs.input import Rows
from kerastc.npz_files import is_finite_of, read_arrays
from kerastc.outputs.output import LENGTH, Output
from kerastc.predictor import predictor_of
from kerastc.run import Run
from kerastc.training.predicting import predict_batch

SIZES = "sizes"  # of the rows, in the file of variable-length outputs


class Teacher:
    """A run whose answers teach; they are cached for every child.

    Args:
        run: a finished one.
        cache: the folder of caches.
        output: of its model.
        content: identifies examples.
    """

    def __init__(
        self,
        run: Run,
        cache: Path,
        output: Output,
        content: Callable[[Sequence[Any]], Iterable[bytes]],
    ):
        self.run = run
        self.cache = cache
        self.content = content
        self.output = output
        [(self.name, self.shape)] = output.shapes.items()

    @property
    def model(self) -> keras.Model:
        """From inputs, as a student with the same inputs gets them, to outputs."""
        return self._predictor.session.model

    def outputs(self, examples: Sequence[Any], rows: Rows) -> Any:
        """Its outputs for n examples, prepared like a user's: (n, ...) float32.

        Variable-length ones are a sequence of arrays, one for each of a student's rows, in whose
        form they are: `Output.carried`.

        Args:
            examples: that it is asked about.
            rows: of a student, for the same examples.
        """
        if LENGTH not in self.shape:
            return self._known(examples, len(examples))
        own = self._predictor.rows(examples)
        found = {self.name: self._known(examples, len(own))}
        return self.output.carried(found, own, rows)[self.name]

    def _known(self, examples: Sequence[Any], rows: int) -> np.ndarray | list[np.ndarray]:
        """Its outputs for its own rows, so many, from the cache if they are there."""
        digest = hashlib.sha256(self.run.path("model.keras").read_bytes())
        for part in self.content(examples):
            digest.update(part)
        path = self.cache / "teachers" / f"{digest.hexdigest()[:32]}.npz"
        known = self._read(path, rows)
        if known is not None:
            return known
        predictor = self._predictor
        found = predictor.outputs(predictor.rows(examples))[self.name]
        with writing(path) as temporary:
            np.savez(temporary, **self._packed(found))
        return found

    def of_rows(self, examples: Sequence[Any], rows: Rows) -> Said:
        """Its outputs per batch for the unaugmented examples, computed once."""
        table = self.outputs(examples, rows)
        if isinstance(table, np.ndarray):
            return lambda rows, inputs, targets: table[rows]
        return lambda rows, inputs, targets: [table[row] for row in rows]

    def of_batch(self, rows: np.ndarray, inputs: Any, targets: np.ndarray) -> np.ndarray:
        """Its outputs for the inputs as the student gets them.

        A teacher that saw other crops than its student would teach it something else: Beyer et al.
        2022, Knowledge Distillation: A Good Teacher is Patient and Consistent, section 3.1.
        """
        return predict_batch(self.model, inputs)

    def nothing(self, rows: np.ndarray, inputs: Any, targets: np.ndarray) -> np.ndarray:
        """Zeros of the outputs' shape, when only the labels teach."""
        shape = (targets.shape[1] if size == LENGTH else size for size in self.shape)
        return np.zeros((len(targets), *shape), "float32")

    @cached_property
    def _predictor(self):
        """The run, with its own tokenizer."""
        return predictor_of(self.run)

    def _packed(self, found: np.ndarray | list[np.ndarray]) -> dict[str, np.ndarray]:
        if LENGTH not in self.shape:
            return {self.name: np.asarray(found, "float32")}
        sizes = np.array([len(row) for row in found])
        return {self.name: np.concatenate(found).astype("float32"), SIZES: sizes}

    def _read(self, path: Path, rows: int) -> np.ndarray | list[np.ndarray] | None:
        """The content of a cache file; None if it is missing or damaged."""
        ragged = LENGTH in self.shape
        try:
            arrays = read_arrays(path)
            found = arrays[self.name]
            sizes = arrays[SIZES] if ragged else np.ones(rows, int)
        except (ValueError, KeyError):
            return None
        shape = self.shape[1:] if ragged else self.shape
        if sizes.shape != (rows,) or not is_finite_of(found, (int(sizes.sum()), *shape)):
            return None
        return np.split(found, np.cumsum(sizes)[:-1]) if ragged else found

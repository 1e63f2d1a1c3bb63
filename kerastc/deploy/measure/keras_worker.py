"""Measures a run's Keras model with one number of threads, in its own process.

    python -m kerastc.deploy.measure.keras_worker

It answers the requests of `kerastc.deploy.measure.worker`; the signature's path is that of
RUN/model.keras. Memory is that of Keras and its backend, too.
"""

import os
import sys
from pathlib import Path

from kerastc.backend import backend_name, choose_backend
from kerastc.deploy.measure.keras_model import signature_of
from kerastc.deploy.measure.worker import Measured, serve
from kerastc.deploy.run.runtime import Exported, predictor_for
from kerastc.deploy.run.sessions import Session
from kerastc.predictor import Predictor
from kerastc.run import Run


class MeasuredKeras(Measured):
    """See `Measured`."""

    def opened(self, path: Path, threads: int) -> Predictor:
        run = Run.open(path.parent)
        _limit(_backend(run), threads)
        predictor = predictor_for(signature_of(run))
        predictor.session = _OfRun(run, predictor)
        return predictor

    def loaded(self) -> dict[str, float]:
        return super().loaded() | {"parameters": self.session.parameters}


class _OfRun(Exported):
    """A run's model as a session of a benchmark, which calls it with arrays of one length."""

    def __init__(self, run: Run, predictor: Predictor):
        signature = signature_of(run)
        super().__init__(signature, predictor.task, predictor.input, predictor.output)
        self.trained = run

    def start(self, threads: int = 1) -> None:
        self._session = _Keras(self.trained)
        self.parameters = self._session.model.count_params()


class _Keras(Session):
    """A Keras model by the names of its inputs and outputs."""

    def __init__(self, run: Run):
        from kerastc.deploy.convert.run_export import RunExport

        export = RunExport(run, None)
        self.path = run.path("model.keras")
        self.inputs, self.outputs = export.inputs, export.outputs
        self.model, self.output = export.model, export.output
        self._axes = 2 if export.input.least else 1

    def _run(self, arrays):
        from kerastc.training.keras_session import by_name
        from kerastc.training.predicting import predict_batch

        return dict(by_name(predict_batch(self.model, dict(arrays), self._axes), self.output))


def _backend(run: Run) -> str:
    """The backend that trained the run; without a record of it, the usual one."""
    known = run.path("environment.json").is_file()
    return backend_name(run.read_json("environment.json").get("backend") if known else None)


def _limit(backend: str, threads: int) -> None:
    """Starts a backend that computes on so many threads."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    os.environ |= dict.fromkeys(names, str(threads)) | {"TF_NUM_INTEROP_THREADS": "1"}
    if backend == "jax" and hasattr(os, "sched_setaffinity"):  # one thread per processor it may use
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    choose_backend(backend)


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout, MeasuredKeras)

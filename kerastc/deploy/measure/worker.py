"""Measures one model with one number of threads, in its own process.

    python -m kerastc.deploy.measure.worker

The process imports only what a device has, so that its memory is that of the model in use. It reads
requests, one line of JSON each, and answers each with a line:

    {"load": {"signature": PATH, "threads": 1, "batch": 1, "length": 26, "examples": [...]}}
        loads the model and calls it once;
    {"calls": 20}
        calls it on the batches of examples in turn, and returns the milliseconds of each batch; an
        example of several rows, such as the windows of a long text, is answered as a whole;
    {"memory": true}
        peak memory up to now;
    {"outputs": [...]}
        the model's outputs for examples, by name, a list per row.

Examples are packed by `kerastc.deploy.measure.packing`.

A request that fails is answered by {"error": MESSAGE, "hint": HINT}.
"""

import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

from kerastc.deploy.measure.machine import memory, peak_memory
from kerastc.deploy.measure.packing import unpacked
from kerastc.deploy.run.runtime import predictor_for
from kerastc.deploy.run.sessions import library
from kerastc.deploy.signature import Signature
from kerastc.errors import UserError
from kerastc.predictor import Predictor

WARM_UP = 2  # uncounted calls before each round: other models filled the caches


class Measured:
    """A model and the batches for timing it.

    Args:
        signature: its path.
        threads: that a call may use.
        batch: rows per call, and examples that are timed together.
        length: tokens per row; None: as many as the longest in a call.
        examples: what it is timed on, at least one, packed.
    """

    def __init__(self, signature: str, threads: int, batch: int, length: int | None, examples: Any):
        self.predictor = self.opened(Path(signature), threads)
        self.session = self.predictor.session
        given = unpacked(examples)
        began = time.perf_counter()
        rows = [list(self.predictor.rows(given[i : i + 1], length)) for i in range(len(given))]
        self.tokenize_ms = (time.perf_counter() - began) * 1000 / len(rows)
        self.before = memory()
        began = time.perf_counter()
        self.session.start(threads)
        self.initialisation_ms = (time.perf_counter() - began) * 1000
        self.batches = [
            self._calls(
                [row for j in range(batch) for row in rows[(i + j) % len(rows)]], batch, length
            )
            for i in range(0, len(rows), batch)
        ]
        began = time.perf_counter()
        self.session.run(self.batches[0][0])
        self.first_call_ms = (time.perf_counter() - began) * 1000
        self.session.check()

    def _calls(self, rows: Sequence[Any], size: int, length: int | None) -> list[Any]:
        """The arrays of as many calls as rows need."""
        return [arrays for _, arrays in self.session.calls(rows, size, length)]

    def _answered(self, calls: Sequence[Any]) -> None:
        for arrays in calls:
            self.session.run(arrays)

    def opened(self, path: Path, threads: int) -> Predictor:
        """What turns examples into calls; loads all but the model, before memory and time count."""
        signature = Signature.read(path)
        library(signature.format)
        return predictor_for(signature)

    def loaded(self) -> dict[str, float]:
        """The milliseconds that loading took."""
        return {
            "initialisation_ms": self.initialisation_ms,
            "first_call_ms": self.first_call_ms,
            "tokenize_ms": self.tokenize_ms,
        }

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answers any request but the first."""
        if "calls" in request:
            return {"milliseconds": timed(self._answered, self.batches, request["calls"])}
        if "memory" in request:
            peak = peak_memory()
            return {"peak_memory_bytes": peak, "model_memory_bytes": max(peak - self.before, 0)}
        found = self.predictor.outputs(self.predictor.rows(unpacked(request["outputs"])))
        return {"outputs": {name: [row.tolist() for row in rows] for name, rows in found.items()}}


def timed(run: Callable[[Any], Any], batches: Sequence[Any], calls: int) -> list[float]:
    """Milliseconds of each of so many calls, over the batches in turn, after a warm-up.

    Args:
        run: what is timed.
        batches: its arguments, at least one.
        calls: how many are timed.
    """
    for i in range(WARM_UP):
        run(batches[i % len(batches)])
    found = []
    collects = gc.isenabled()
    gc.disable()
    try:
        for i in range(calls):
            batch = batches[i % len(batches)]
            began = time.perf_counter_ns()
            run(batch)
            found.append((time.perf_counter_ns() - began) / 1e6)
    finally:
        if collects:
            gc.enable()
    return found


def serve(requests: TextIO, answers: TextIO, load: Callable[..., Any] = Measured) -> None:
    """Answers requests until there are no more, or one failed.

    Args:
        requests: one per line.
        answers: one per line.
        load: called with the fields of the first request; returns something like `Measured`.
    """
    measured = None
    for line in requests:
        request = json.loads(line)
        try:
            if measured is None:
                measured = load(**request["load"])
                answer: dict[str, Any] = measured.loaded()
            else:
                answer = measured.answer(request)
        except UserError as error:
            answer = {"error": error.message, "hint": error.hint}
        print(json.dumps(answer), file=answers, flush=True)
        if "error" in answer:
            return


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)

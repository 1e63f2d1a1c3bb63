"""An exported model's cost on this machine, and its accuracy: measured, not computed.

Every model and number of threads has its own process, so that memory is measured separately. The
processes take turns in rounds: if the machine slows down, it does so for all of them alike, and
the spread between rounds shows what a difference is worth.
"""

import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.deploy.measure.keras_model import FORMAT
from kerastc.deploy.measure.latencies import latencies
from kerastc.deploy.measure.machine import machine
from kerastc.deploy.measure.packing import packed
from kerastc.deploy.measure.process import Process
from kerastc.deploy.measure.targets import Data, Rows, Target, targets, unseen_rows
from kerastc.deploy.run.runtime import predictor_for
from kerastc.errors import UserError
from kerastc.outputs.output import LENGTH, Answers, Output, Outputs
from kerastc.progress import progress
from kerastc.run import Run

FILE = "benchmark.json"
CHUNK = 512  # examples per request
BUFFER = 1 << 20  # bytes


@dataclass(frozen=True)
class Protocol:
    """How a model is timed.

    Args:
        rounds: turns per model.
        calls: per round.
        batch: rows per call, and examples that are timed together; None: the file's, else 1.
        length: tokens per row; None: the file's, or as few as hold a row.
        name: of a published protocol.
    """

    rounds: int
    calls: int
    batch: int | None = None
    length: int | None = None
    name: str | None = None

    @classmethod
    def of_runs(cls, runs: int, batch: int | None = None) -> "Protocol":
        """At least this many calls in total, in five rounds."""
        rounds = min(5, runs)
        return cls(rounds, -(-runs // rounds), batch)


# 100 sentences one at a time, padded to 128 tokens, five times (the protocol of DistilBETO, 2021).
SOURCE = Protocol(5, 100, batch=1, length=128, name="source")


def benchmark(
    paths: Sequence[Path],
    data: Data | None = None,
    threads: Sequence[int] = (1,),
    protocol: Protocol | None = None,
    most_rows: int | None = None,
    answers: bool = False,
    keras: bool = False,
) -> list[dict[str, Any]]:
    """Measures models side by side, and writes those of runs into their benchmark.json.

    Args:
        paths: runs, exported files, bundles.
        data: labelled examples, or a function from a signature to them; by default the test rows of
            each run (the first 2,000 or so if it keeps examples separately, as with images; the
            validation rows without a test part) and the samples of each bundle.
        threads: each model is measured with each of these numbers.
        protocol: how it is timed; 100 calls by default.
        most_rows: how many examples the answers are judged by, evenly spread; by default all.
        answers: whether to return the models' answers too, as `answers`; no file has them.
        keras: whether the Keras model of each run is measured, too.

    Returns:
        a dict per model and number of threads, in JSON's types: `model` (its path) and `file`
        (relative to its run), `task`, `part` (of its run, None of other rows), `format`,
        `quantization`, `parameters`, `bytes`, `gzip_bytes`; `batch`, `length` (None if rows have
        none), `threads`, `protocol`, `runs`; `initialisation_ms`, `first_call_ms`, `tokenize_ms`
        (of one example), what `latencies` gives;
        `peak_memory_bytes` (of the process) and `model_memory_bytes` (its increase since before the
        model was loaded); the keys of `worth`; `learned_from` (whether the run learned from the
        examples); `unseen` (as `Unseen.as_dict` returns it, if the input can miss something);
        `machine` and `measured` (when).

    Raises:
        UserError: a model is unfit; raised before any model is timed.
    """
    protocol = protocol or Protocol.of_runs(100)
    with ExitStack() as stack:
        found = [target for path in paths for target in targets(Path(path), data, stack, keras)]
        unseen = unseen_rows(found, most_rows)
        shapes = [_shape(target, protocol) for target in found]
        entries = [
            (target, _entry(target, batch, length, count, protocol))
            for target, (batch, length) in zip(found, shapes, strict=True)
            for count in threads
        ]
        processes = [stack.enter_context(_loaded(t, entry, protocol)) for t, entry in entries]
        for (_, entry), process in zip(entries, processes, strict=True):
            entry |= process.loaded
        _time(entries, processes, protocol)
        for (_, entry), process in zip(entries, processes, strict=True):
            entry |= process.ask({"memory": True})
        said = _score(entries, processes, most_rows)
    for target, entry in entries:
        if target.name in unseen:
            entry["unseen"] = unseen[target.name].as_dict()
        if target.run is not None:
            _record(target.run, entry)
        if answers:
            entry["answers"] = said[target.signature.path]
    return [entry for _, entry in entries]


def _shape(target: Target, protocol: Protocol) -> tuple[int, int | None]:
    """Rows per call and tokens per row (None: as few as hold it) of model and protocol."""
    predictor = predictor_for(target.signature)
    batch, lengths = predictor.session.batch, predictor.session.lengths
    if protocol.length is not None and not lengths:
        raise UserError(
            f"{target.name} is for {predictor.task.units}, which have no length; a protocol of "
            f"{protocol.length} tokens does not apply.",
            "Leave --protocol out.",
        )
    for name, allowed, asked in (
        ("batch", (batch,), protocol.batch),
        ("length", lengths, protocol.length),
    ):
        if asked is not None and None not in allowed and asked not in allowed:
            raise UserError(
                f"{target.name} was exported for {name} {', '.join(map(str, allowed))}, and cannot "
                f"be measured at {asked}.",
                f"Export it for that: kerastc export RUN --{name} {asked}",
            )
    own = lengths[0] if len(lengths) == 1 else None
    return batch or protocol.batch or 1, protocol.length or own


def _entry(
    target: Target, batch: int, length: int | None, threads: int, protocol: Protocol
) -> dict[str, Any]:
    """What is known before anything is measured."""
    signature = target.signature
    return {
        "model": target.name,
        "file": target.file,
        "task": signature.task,
        "part": target.part,
        "format": signature.format,
        "quantization": signature.quantization,
        "batch": batch,
        "length": length,
        "threads": threads,
        "protocol": protocol.name,
        "runs": protocol.rounds * protocol.calls,
        "bytes": signature.bytes,
        "gzip_bytes": gzip_size(signature.path),
        "parameters": signature.parameters,
        "machine": machine(),
        "measured": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


@contextmanager
def _loaded(target: Target, entry: dict[str, Any], protocol: Protocol) -> Iterator[Process]:
    """A process with an entry's model in memory."""
    timed = target.rows.spread(protocol.calls * entry["batch"])  # the same in every round
    request = {
        "signature": str(target.signature.path.resolve()),
        "threads": entry["threads"],
        "batch": entry["batch"],
        "length": entry["length"],
        "examples": packed(timed.examples),
    }
    module = "keras_worker" if target.signature.format == FORMAT else "worker"
    with Process(target.name, request, f"kerastc.deploy.measure.{module}") as process:
        yield process


def _time(
    entries: Sequence[tuple[Target, dict]], processes: Sequence[Process], protocol: Protocol
) -> None:
    for (_, entry), found in zip(entries, take_turns(processes, protocol), strict=True):
        entry |= latencies(found, entry["batch"])


def take_turns(processes: Sequence[Process], protocol: Protocol) -> list[np.ndarray]:
    """The milliseconds of each process's calls, (rounds, calls), with one turn per round."""
    rounds: list[list[list[float]]] = [[] for _ in processes]
    with progress("Timing", protocol.rounds * len(processes)) as advance:
        for _ in range(protocol.rounds):
            for process, found in zip(processes, rounds, strict=True):
                found.append(process.ask({"calls": protocol.calls})["milliseconds"])
                advance()
    return [np.array(found) for found in rounds]


def _score(
    entries: Sequence[tuple[Target, dict]], processes: Sequence[Process], most_rows: int | None
) -> dict[Path, Answers]:
    """Adds the models' figures, which do not depend on the number of threads.

    Returns:
        the answers of each file.
    """
    known: dict[Path, dict[str, Any]] = {}
    said: dict[Path, Answers] = {}
    for (target, entry), process in zip(entries, processes, strict=True):
        path = target.signature.path
        if path not in known:
            rows = target.rows.spread(most_rows)
            predictor = predictor_for(target.signature)
            found = outputs_of(process, predictor.output, rows.examples, "Measuring answers")
            said[path] = predictor.output.answers(found, predictor.rows(rows.examples))
            known[path] = worth(rows, said[path], predictor.output)
            known[path]["learned_from"] = rows.learned
        entry |= known[path]
    return said


def outputs_of(
    process: Process, output: Output, examples: Sequence[Any], description: str
) -> Outputs:
    """The outputs of a process's model for examples, as the input takes them."""
    parts = []
    with progress(description, len(examples)) as advance:
        for begin in range(0, len(examples), CHUNK):
            part = examples[begin : begin + CHUNK]
            parts.append(_arrays(process.ask({"outputs": packed(part)})["outputs"], output))
            advance(len(part))
    return output.merged(parts)


def _arrays(found: dict[str, list], output: Output) -> Outputs:
    """Outputs from JSON."""
    return {
        name: [np.array(row, np.float64) for row in found[name]]
        if LENGTH in shape
        else np.array(found[name], np.float64)
        for name, shape in output.shapes.items()
    }


def worth(rows: Rows, answers: Answers, output: Output) -> dict[str, Any]:
    """The figures of `Output.worth` for answers, and `agreement` with the Keras model.

    Args:
        rows: the truth, and the Keras model's answers.
        answers: of the measured model.
        output: of both.
    """
    same = None if rows.expected is None else output.same(answers, rows.expected)
    return output.worth(rows.truth, answers) | {"agreement": same}


def gzip_size(path: Path) -> int:
    """Bytes of a file under `gzip`."""
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    total = 0
    with path.open("rb") as file:
        while chunk := file.read(BUFFER):
            total += len(packer.compress(chunk))
    return total + len(packer.flush())


def _record(run: Run, entry: dict[str, Any]) -> None:
    """Puts an entry into a run's benchmark.json, replacing one of the same measurement."""

    def measurement(other: dict[str, Any]) -> tuple:
        return tuple(other.get(key) for key in ("file", "threads", "batch", "length", "protocol"))

    with run.lock(waiting=True):
        before = run.read_json(FILE) if run.path(FILE).is_file() else []
        others = [other for other in before if measurement(other) != measurement(entry)]
        run.write_json(FILE, [*others, entry])

"""One trial of a search: a chain of steps, its file, and the file's cost and figures."""

import shutil
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import keras

from kerastc.compress.pipeline import create, folder_name
from kerastc.compress.search.chains import MODEL, Chains
from kerastc.compress.search.result import FILE, Trial
from kerastc.compress.search.trial_rows import read_rows, write_rows
from kerastc.compress.steps.parse import parse
from kerastc.data.labelled import Labelled
from kerastc.errors import UserError
from kerastc.folders import Folders
from kerastc.outputs.output import Output
from kerastc.run import Run
from kerastc.tasks import output_of
from kerastc.training.interim import remove_model

RECORD = "trial.json"
CALLS = 200  # that are timed
COSTS = ("bytes", "latency_p50_ms", "peak_memory_bytes", "parameters", "seconds")

Rows = Labelled | None
# Measures exported files side by side on labelled rows, by default the test rows of their run:
# one entry per file, as in benchmark.json, with its `answers`.
Measure = Callable[[Sequence[Path], Rows], list[dict[str, Any]]]


def measured(paths: Sequence[Path], rows: Rows = None) -> list[dict[str, Any]]:
    """What `kerastc benchmark` finds, on one thread."""
    from kerastc.deploy.measure.benchmark import Protocol, benchmark

    return benchmark(paths, rows, protocol=Protocol.of_runs(CALLS), answers=True)


class Trials:
    """The trials of every search over a run, by their steps; each is run once.

    Args:
        folder: where they are kept.
        chains: provides the models.
        measure: measures their files.
    """

    def __init__(self, folder: Path, chains: Chains, measure: Measure):
        self.folder = folder
        self.chains = chains
        self.measure = measure

    @cached_property
    def output(self) -> Output:
        """The models' output."""
        return output_of(self.chains.original)

    def known(self, words: Sequence[str]) -> Trial | None:
        """A finished trial, with its file's answer for each row."""
        run = self._run(words)
        if not run.path(RECORD).is_file():
            return None
        found = run.read_json(RECORD)
        if found["words"] != list(words):
            raise UserError(
                f"{run.path(RECORD)} is from another chain: {' '.join(found['words'])}.",
                f"Remove it; the search then makes it again: rm {run.path(RECORD)}",
            )
        for figure in self.output.figures:
            if not isinstance(found["validation"].get(figure.name), float):
                raise UserError(
                    f"{run.path(RECORD)} has no number for {figure.name}.",
                    f"Remove it; the search then makes it again: rm {run.path(RECORD)}",
                )
        judged = read_rows(run, self.output)
        if judged is None:  # from a search that kept none
            return None
        costs = {key: found[key] for key in COSTS}
        return Trial(tuple(words), run.folder, found["validation"], **costs, judged=judged)

    def carry_out(self, words: Sequence[str]) -> Trial:
        """Does whatever is left of a trial: its steps, its file, the measurement.

        Test rows are not used.

        Raises:
            UserError: a step does not apply, or the file differs too much from its model.
        """
        if found := self.known(words):
            return found
        *before, _ = words
        source = self.chains.model_after(before)
        began = time.perf_counter()
        run = self._begun(words)
        subject = self.chains.subject()
        subject.input.read(source)
        self._lend(source, run)
        parse(words)[-1].export(run, subject)
        [entry] = self.measure([run.path(*FILE)], subject.splits.validation)
        remove_model(run)  # exports/ has its own tokenizer
        write_rows(run, self.output, subject.splits.validation.labels, entry["answers"])
        steps = sum(step["seconds"] for step in self.chains.record(before))
        run.write_json(RECORD, self._record(words, entry, steps + time.perf_counter() - began))
        keras.utils.clear_session()
        return self.known(words)

    def _record(
        self, words: Sequence[str], entry: dict[str, Any], seconds: float
    ) -> dict[str, Any]:
        names = [figure.name for figure in self.output.figures]
        names += [f"{name}_interval" for name in names]
        return {
            "words": list(words),
            "validation": {name: entry[name] for name in names if name in entry},
            "bytes": entry["bytes"],
            "latency_p50_ms": entry["latency_ms"]["p50"],
            "peak_memory_bytes": entry["peak_memory_bytes"],
            "parameters": entry["parameters"],
            "seconds": round(seconds, 1),
        }

    def _run(self, words: Sequence[str]) -> Run:
        return Run(self.folder / folder_name(words), self.chains.source.cache)

    def _begun(self, words: Sequence[str]) -> Run:
        run = self._run(words)
        if not run.path("config.json").is_file():
            create(self.chains.source, words, run.folder, Folders(cache=run.cache))
            shutil.copyfile(self.chains.original.path("labels.txt"), run.path("labels.txt"))
        return run

    @staticmethod
    def _lend(source: Run, run: Run) -> None:
        """Gives a trial the model of its steps while it is exported."""
        for name in filter(lambda name: source.path(name).exists(), MODEL):
            copy = shutil.copytree if source.path(name).is_dir() else shutil.copyfile
            with run.writing(name) as path:
                copy(source.path(name), path)

"""What each step did and cost: compression.json, and the models between the steps."""

import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kerastc.compress.masks.kernels import sparsity
from kerastc.compress.work import Work
from kerastc.files import make_folder
from kerastc.models.loading import load_model
from kerastc.outputs.output import Answers
from kerastc.run import Run
from kerastc.training.interim import remove_checkpoints, remove_model
from kerastc.training.trained import Trained


class Account:
    """The record of a compressed run, from which a stopped one resumes.

    Args:
        run: the child; gets compression.json and, while it is running, steps/.
        original: the first run of its line.

    Attributes:
        steps: those already done, as in compression.json.
        details: what the present step reports.
    """

    def __init__(self, run: Run, original: Run):
        self.run = run
        self.original = original
        found = run.path("compression.json").is_file()
        self.steps: list[dict[str, Any]] = (
            run.read_json("compression.json")["steps"] if found else []
        )
        self.details: dict[str, Any] = {}

    @property
    def last_done(self) -> Run | None:
        """The model after the last finished step; None before the first one."""
        if not self.steps:
            return None
        folder = self._folder(len(self.steps))
        # `tidy` runs once the run itself has the model.
        return folder if folder.path("model.keras").is_file() else self.run

    @contextmanager
    def step(self, work: Work, number: int, word: str) -> Iterator[None]:
        """Surrounds a step's work and records it; a step that trains writes into `work.run`."""
        before, began = work.model.count_params(), time.perf_counter()
        work.run = self._folder(number)
        make_folder(work.run.folder)
        work.run.write_json("config.json", {"step": word})
        yield
        after = work.model.count_params()
        work.subject.save(work.model, work.run)
        # As a resumed run loads it: replaced layers may be in another order there.
        work.model = load_model(work.run.path("model.keras"))
        self.steps.append(
            {
                "step": word,
                "seconds": round(time.perf_counter() - began, 1),
                "parameters": [before, after],
                "bytes": [4 * before, 4 * after],
                "sparsity": round(float(sparsity(work.model)), 6),
                "details": self.details,
            }
        )
        self._write()
        self._remove_models(number - 1)

    def told(self) -> str:
        """The last step, on one line."""
        last = self.steps[-1]
        before, after = last["parameters"]
        zeros = f", {last['sparsity']:.1%} zeros" if last["sparsity"] > 0.01 else ""
        reached = "".join(
            f", {name.replace('_', ' ')} {value:.4f}"
            for name, value in last["details"].items()
            if name.startswith("validation_")
        )
        return f"    {before:,} -> {after:,} parameters{zeros}{reached} ({last['seconds']:.0f} s)"

    def trained(self, work: Work, predicted: Mapping[str, Answers]) -> Trained:
        """What the report needs from the child."""
        epochs = sum(step["details"].get("epochs", 0) for step in self.steps)
        figures = {
            "epochs": epochs,
            "seconds": round(sum(step["seconds"] for step in self.steps), 1),
            **work.subject.input.figures(work.subject.splits),
            "parameters": work.model.count_params(),
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        said = predicted["validation"]
        return Trained(said, predicted.get("test", said[:0]), figures)

    def tidy(self) -> None:
        """Removes the models between the steps; the histories of their training stay."""
        for number in range(1, len(self.steps) + 1):
            self._remove_models(number)

    def _write(self) -> None:
        original = str(self.original.folder.resolve())
        self.run.write_json("compression.json", {"original": original, "steps": self.steps})

    def _folder(self, number: int) -> Run:
        return Run(self.run.path("steps", str(number)), self.run.cache)

    def _remove_models(self, number: int) -> None:
        folder = self._folder(number)
        remove_model(folder)
        remove_checkpoints(folder)

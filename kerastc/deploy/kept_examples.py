"""Real examples of a run: those of its predictions, or the first ones that it kept as a file."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastc.outputs.output import Output
from kerastc.run import Run
from kerastc.tasks import Task


def examples_of(run: Run, part: str, task: Task, output: Output) -> Sequence[Any] | None:
    """The examples of a part, or the first of them, in the order of predictions/PART.csv.

    Args:
        run: a run, or its nearest ancestor with examples; a child has its parent's rows.
        part: "validation" or "test".
        task, output: of the run.

    Returns:
        examples as the input takes them, or None if no run of the line has any.

    Raises:
        UserError: a file is broken.
    """
    kept = task.input.kept
    for one in run.line():
        path = one.path("predictions", kept or f"{part}.csv")
        if path.is_file() and kept:
            return task.input.read_kept(path, part)
        if path.is_file():
            return output.read_predictions(path).examples
    return None


def spread(count: int, most: int) -> np.ndarray:
    """The indices of at most so many rows, spread evenly over all."""
    return np.unique(np.linspace(0, count - 1, most).astype(int))

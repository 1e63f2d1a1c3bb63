"""How a report shows a model's input: the base of `PAGE` in `kerastc.inputs.*.page`."""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastc.formatting import shown_text
from kerastc.tasks import Task

if TYPE_CHECKING:
    from pathlib import Path

    from kerastc.run import Run
    from kerastc.training.trained import Trained


@dataclass(frozen=True)
class Shown:
    """An example on a page.

    Args:
        texts: its parts, cut for a table, or the name of its picture.
        picture: PNG; None if it has none, or it was not kept.
    """

    texts: tuple[str, ...]
    picture: bytes | None = None

    @property
    def name(self) -> str:
        """The parts on one line."""
        return " · ".join(self.texts)


class InputPage:
    """How examples of one kind are shown; by default as texts.

    Attributes:
        pictures: whether examples are pictures.
        duplicates: a page's names for the counts in data.json's `duplicates`.
    """

    pictures = False
    duplicates: Mapping[str, str] = {}

    def shown(
        self, folder: "Path", part: str, examples: np.ndarray, rows: Sequence[int]
    ) -> dict[int, Shown]:
        """Some rows of a part of a run.

        Args:
            folder: of the run.
            part: of its predictions.
            examples: of all rows.
            rows: to show.

        Returns:
            by row.
        """
        return {
            row: Shown(tuple(shown_text(text) for text in np.ravel(examples[row]).tolist()))
            for row in rows
        }

    def lengths(self, examples: np.ndarray) -> np.ndarray | None:
        """Characters of each example, (n,) int; None if examples have no length."""
        return None

    def baseline(self, name: str, part: str) -> str:
        """What a page says of a baseline, in a sentence or two.

        Args:
            name: of the baseline.
            part: on which it was measured.
        """
        return f"Fitted on the same training rows and measured on the same {part} rows."

    def notes(self, described: Sequence[Mapping[str, Any]]) -> list[str]:
        """What readers of a comparison must know of the runs' data.

        Args:
            described: data.json of each run that has one.
        """
        return []

    def keep(
        self,
        run: "Run",
        parts: Mapping[str, Any],
        shown: Mapping[str, Sequence[int]],
        trained: "Trained",
    ) -> None:
        """Keeps in a run what its page and exports need from the examples.

        Args:
            run: that was trained.
            parts: the labelled examples of each part that was predicted.
            shown: the rows of each that the page shows.
            trained: the result of training.
        """


def input_page(task: Task) -> InputPage:
    """The page of a task's input: that of its package, or the base."""
    name = f"kerastc.inputs.{task.shown}.page"
    return task.input_part("page").PAGE() if importlib.util.find_spec(name) else InputPage()

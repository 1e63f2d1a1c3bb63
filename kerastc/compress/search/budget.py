"""How much a search may lose, as the user gives it: `--within accuracy=0.01`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerastc.errors import UserError, nearest
from kerastc.scores.figures import Figure, named


@dataclass(frozen=True)
class Budget:
    """How much a figure may lose on validation.

    Args:
        metric: the name of a figure of the run's output.
        loss: 0 or more; below 1 for a share.
    """

    metric: str
    loss: float

    @classmethod
    def parse(cls, word: str, figures: Sequence[Figure]) -> "Budget":
        """Reads `accuracy=0.01`.

        Args:
            word: as the user typed it.
            figures: of the run's output.

        Raises:
            UserError: for another figure, or an invalid loss.
        """
        metric, _, text = word.partition("=")
        known = [figure.name for figure in figures]
        if metric not in known:
            raise UserError(
                f"--within {word}: there is no figure {metric!r}; there are: {', '.join(known)}.",
                nearest(metric, known) or f"For example --within {known[0]}=0.01",
            )
        share = named(figures, metric).share
        try:
            loss = float(text)
        except ValueError:
            loss = -1.0
        if not 0 <= loss < (1 if share else np.inf):
            raise UserError(
                f"--within {word}: {text or 'nothing'} is not a loss; it must be 0 or more"
                + (", and below 1." if share else "."),
                f"For example --within {metric}=0.01"
                + (", which is one point in a hundred." if share else "."),
            )
        return cls(metric, loss)

    def __str__(self) -> str:
        return f"{self.metric}={self.loss:g}"

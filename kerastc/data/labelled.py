"""What labelled rows of any kind have in common."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np

from kerastc.data.label_names import class_name
from kerastc.errors import UserError

NAMED = 10  # classes that an error lists


class Labelled:
    """Rows with one class each.

    Attributes:
        labels: (n,) int32 array of indices into `classes`.
        classes: the class names, in a stable order.
        source: where the rows come from, in words a report can print.
    """

    labels: np.ndarray
    classes: tuple[str, ...]
    source: str

    def matching(self, classes: Sequence[str], owner: object) -> Self:
        """The same rows, their labels renumbered to other classes that are equal or read alike.

        Args:
            classes: which a model knows.
            owner: of the model, for the error.

        Raises:
            UserError: naming the classes that the model does not know.
        """
        index = {class_name(name): number for number, name in enumerate(classes)}
        index |= {name: number for number, name in enumerate(classes)}
        known = {name: index.get(name, index.get(class_name(name))) for name in self.classes}
        unknown = sorted(name for name, number in known.items() if number is None)
        if unknown:
            raise UserError(
                f"{self.source} has classes that {owner} does not know: {_listed(unknown)}.",
                f"It knows: {_listed(classes)}.",
            )
        number = np.array(list(known.values()), dtype=np.int32)
        return replace(self, labels=number[self.labels], classes=tuple(classes))

    def class_counts(self) -> np.ndarray:
        """Rows of each class, (classes,) int."""
        return np.bincount(self.labels, minlength=len(self.classes))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more

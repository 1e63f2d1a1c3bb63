"""What labelled examples of any kind have in common."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from kerastc.data.label_names import class_name
from kerastc.errors import UserError

NAMED = 10  # classes that an error lists


class Examples:
    """A dataclass with fields that have one value per example, `examples` among them."""

    per_row: ClassVar[tuple[str, ...]]
    examples: np.ndarray

    def __len__(self) -> int:
        return len(self.examples)

    def take(self, rows: np.ndarray) -> Self:
        """A copy of the given rows, (m,) int or (n,) bool; all else is the same."""
        rows = np.asarray(rows)
        columns = {name: getattr(self, name) for name in self.per_row}
        return replace(
            self, **{name: _taken(of, rows) for name, of in columns.items() if of is not None}
        )


@dataclass(frozen=True)
class Labelled(Examples):
    """Examples with one class each.

    Attributes:
        unit: what one example is called, as in `Task.unit`.
        kinds: what the labels are, as in `Output.kinds`; empty where they have no names.
        together: which examples stay in one part, besides equal ones.

    Args:
        examples: an array whose first axis counts them; its content is up to the subclass.
        labels: (n,) int32 array of indices into `classes`.
        classes: the class names, in a stable order.
        source: where the examples come from, in words that a report can print.
        notes: counts made on the way (rows dropped, files skipped, ...), name to number.
    """

    unit: ClassVar[str]
    kinds: ClassVar[str] = "classes"
    together: ClassVar[str] = "equal or nearly equal ones"
    per_row: ClassVar[tuple[str, ...]] = ("examples", "labels")

    examples: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    source: str
    notes: dict[str, int] = field(default_factory=dict)

    @property
    def written(self) -> np.ndarray:
        """How files of predictions show each example; a subclass may use names."""
        return self.examples

    def matching(self, classes: Sequence[str], owner: object) -> Self:
        """The same rows with labels renumbered for other classes that are equal or read alike.

        Args:
            classes: the classes of a model.
            owner: what has these classes, for the error.

        Raises:
            UserError: naming the classes that the model does not know.
        """
        index = {class_name(name): number for number, name in enumerate(classes)}
        index |= {name: number for number, name in enumerate(classes)}
        known = {name: index.get(name, index.get(class_name(name))) for name in self.classes}
        unknown = sorted(name for name, number in known.items() if number is None)
        if unknown:
            raise UserError(
                f"{self.source} has {self.kinds} that {owner} does not know: {_listed(unknown)}.",
                f"It knows: {_listed(classes)}.",
            )
        number = np.array(list(known.values()), dtype=np.int32)
        return replace(self, labels=self.renumbered(number), classes=tuple(classes))

    def renumbered(self, number: np.ndarray) -> np.ndarray:
        """The labels by other numbers of the classes, (classes,) int32."""
        return number[self.labels]

    @property
    def strata(self) -> np.ndarray:
        """The kind of each row, (n,) int, of which every part gets its share: here its class."""
        return self.labels

    @property
    def strata_names(self) -> tuple[str, ...]:
        """What the kinds are called."""
        return self.classes

    @property
    def strata_are_classes(self) -> bool:
        """Whether the kinds are the classes, which a message has to name."""
        return self.strata_names == self.classes

    def rows_named(self, kind: int) -> str:
        """What the rows of a kind are called in a sentence: rows of a class, or sentences."""
        name = self.strata_names[kind]
        return f"rows of the class {name!r}" if self.strata_are_classes else name

    def strata_counts(self) -> np.ndarray:
        """Rows of each kind, (strata,) int."""
        return np.bincount(self.strata, minlength=len(self.strata_names))

    def class_counts(self) -> np.ndarray:
        """Rows of each class, (classes,) int."""
        return np.bincount(self.labels, minlength=len(self.classes))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over class names, examples and labels in their order."""
        digest = hashlib.sha256()
        for name in self.classes:
            digest.update(name.encode() + b"\0")
        self._digest(digest)
        return digest.hexdigest()

    def _digest(self, digest: "hashlib._Hash") -> None:
        """Adds examples and labels to a SHA-256."""
        raise NotImplementedError


def _taken(of: Any, rows: np.ndarray) -> Any:
    """Some rows; of what would be read for that it takes them unread."""
    return of.taken(rows) if hasattr(of, "taken") else of[rows]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more

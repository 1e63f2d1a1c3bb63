"""Examples that occur twice; for texts, near-duplicates, too."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastc.data.texts.near_pairs import near_pairs
from kerastc.data.texts.texts import LabelledTexts
from kerastc.text.punctuation import punctuation

EXAMPLES = 10
Seen = Callable[[Sequence[str]], Sequence[str]]  # maps texts to what a model sees of each
Find = Callable[..., "Duplicates"]  # takes rows and, as seen=, a `Seen` or None


@dataclass(frozen=True)
class Duplicates:
    """Equal examples in a source, each group of them kept within one part.

    Args:
        groups: (n,) int64; rows with the same text, or linked by a chain of near ones, share a
            number. Numbers count from 0 in the order of first appearance. None for images, if it
            might reveal hidden classes.
        exact: rows beyond the first of each equal example.
        conflicting: rows in groups with more than one class; None if rows are not of classes.
        examples: up to 10 groups, those with several classes first: their first two texts (one if
            all are equal) or names of images, and their classes.
        near: different texts beyond the first in each group of near whole texts; None if they
            were not looked for.
        seen: groups beyond the first that are joined because they look the same to the model;
            `exact + near + seen` rows are duplicates in all.
        left_out: training images that are in no part because they equal one in the official test
            part; None if no rows are left out.
        together: (n,) int64; as `groups`, for rows that stay in one part without being equal:
            pairs with the same first text. `groups` itself by default.
        shared: pairs whose first text occurs in another pair, too; None if not counted.
        units: what the examples are.
    """

    groups: np.ndarray | None
    exact: int
    conflicting: int | None
    examples: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    near: int | None = None
    seen: int = 0
    left_out: int | None = None
    together: np.ndarray | None = None
    shared: int | None = None
    units: str = "texts"

    def __post_init__(self):
        if self.together is None:
            object.__setattr__(self, "together", self.groups)

    def as_dict(self) -> dict:
        """The counts and examples, for JSON."""
        counts = {"near": self.near, "seen": self.seen or None, "left_out": self.left_out}
        counts |= {"shared": self.shared, "conflicting": self.conflicting}
        return {
            "exact": self.exact,
            **{name: count for name, count in counts.items() if count is not None},
            "examples": [
                {self.units: list(some), "classes": list(classes)}
                for some, classes in self.examples
            ],
        }


def find_duplicates(
    data: LabelledTexts, similarity: float = 0.9, seen: Seen | None = None
) -> Duplicates:
    """Finds all equal texts, and all pairs of texts that share most of their characters.

    Texts are equal if they differ only in case, punctuation and white space, and near if the
    Jaccard index of their sets of five successive characters is at least `similarity`. The search
    is exact: it finds all such pairs. If the model sees less than the whole texts, what it sees is
    compared, too, and rows that are near in either respect share a group.

    Args:
        data: the rows.
        similarity: above 0, at most 1; below about 0.7 the search slows down.
        seen: maps texts to what the model sees of each; None if it sees all.
    """
    unique, groups = grouped(data.examples, similarity)
    different, whole = int(unique.max()) + 1, int(groups.max()) + 1
    shown = data.examples if seen is None else seen(data.examples)
    if any(map(differ, data.examples, shown)):
        groups = joined_groups(groups, grouped(shown, similarity)[1])
    return described(data, unique, groups, different - whole, whole - int(groups.max()) - 1)


def described(
    data: LabelledTexts,
    unique: np.ndarray,
    groups: np.ndarray,
    near: int,
    seen: int,
    **more: Any,
) -> Duplicates:
    """The groups in figures.

    Args:
        data: n rows.
        unique: (n,) numbers that equal examples share, from 0 without gaps.
        groups: (n,) numbers that near ones share, from 0 without gaps.
        near, seen, more: fields of the result.
    """
    # The pairs of group and class that occur; a table of groups by classes may not fit in memory.
    count = len(data.strata_names)
    pairs = np.unique(groups * count + data.strata)
    classes = np.bincount(pairs // count, minlength=int(groups.max()) + 1)  # of each
    several = classes > 1
    return Duplicates(
        groups,
        exact=len(data) - int(unique.max()) - 1,
        conflicting=int(several[groups].sum()) if count > 1 else None,
        examples=_examples(data, unique, groups, classes),
        near=near,
        seen=seen,
        **more,
    )


def normal_text(text: str) -> str:
    """The text without case and punctuation, white space folded; unchanged if nothing remains."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(text.translate(punctuation()).split()) or text


def differ(text: str, shown: str) -> bool:
    """Whether what the model sees of a text counts as a different text here."""
    return text != shown and normal_text(text) != normal_text(shown)


def grouped(texts: Sequence[str], similarity: float) -> tuple[np.ndarray, np.ndarray]:
    """(n,) numbers that equal texts share, and (n,) numbers that near ones share."""
    first_of: dict[str, int] = {}
    unique = np.array([first_of.setdefault(normal_text(text), len(first_of)) for text in texts])
    different = list(first_of)
    del first_of  # a dictionary of a million texts takes 100 MB
    return unique, numbered(_connected(len(different), near_pairs(different, similarity))[unique])


def joined_groups(groups: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The numbers, (n,), that rows connected by a chain of both kinds of groups share."""
    first = int(groups.max()) + 1  # the others' numbers follow
    count = first + int(others.max()) + 1
    return numbered(_connected(count, np.stack([groups, first + others], axis=1))[groups])


def _connected(count: int, pairs: np.ndarray) -> np.ndarray:
    """Component numbers (count,) of the graph with these edges, (m, 2)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = coo_array((np.ones(len(pairs), bool), tuple(pairs.T)), shape=(count, count))
    return connected_components(edges, directed=False)[1]


def numbered(values: np.ndarray) -> np.ndarray:
    """The same partition, numbered in the order of first appearance."""
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _examples(
    data: LabelledTexts, unique: np.ndarray, groups: np.ndarray, classes: np.ndarray
) -> tuple[tuple[tuple[Any, ...], tuple[str, ...]], ...]:
    sizes = np.bincount(groups)
    candidates = np.flatnonzero(sizes > 1)
    # Groups with several classes, then those with several texts, in the order of the rows.
    texts = np.bincount(groups[np.unique(unique, return_index=True)[1]], minlength=len(sizes))
    order = np.lexsort((candidates, -np.minimum(texts, 2)[candidates], (classes == 1)[candidates]))
    found = []
    for group in candidates[order][:EXAMPLES]:
        rows = np.flatnonzero(groups == group)
        firsts = rows[np.sort(np.unique(unique[rows], return_index=True)[1])][:2]
        kinds = np.unique(data.strata[rows]) if len(data.strata_names) > 1 else ()
        names = [data.strata_names[i] for i in kinds]
        found.append((tuple(data.examples[firsts].tolist()), tuple(names)))
    return tuple(found)

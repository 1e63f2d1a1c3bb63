"""Texts that stand twice, or nearly so, and texts with two classes."""

import unicodedata
from dataclasses import dataclass

import numpy as np

from kerastc.data.near_pairs import near_pairs
from kerastc.data.texts import LabelledTexts
from kerastc.text.punctuation import punctuation

EXAMPLES = 10


@dataclass(frozen=True)
class Duplicates:
    """What `find_duplicates` found.

    Args:
        groups: (n,) int64; rows with the same text, or a chain of near ones between them, share a
            number. Numbers count from 0 in the order of first appearance.
        exact: rows beyond the first of each equal text.
        near: different texts beyond the first of each group; `exact + near` rows too many in all.
        conflicting: rows in groups with more than one class.
        examples: up to 10 groups, those with several classes first: their first two texts (one
            where all are equal) and their classes.
    """

    groups: np.ndarray
    exact: int
    near: int
    conflicting: int
    examples: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]

    def as_dict(self) -> dict:
        """The counts and examples, for JSON."""
        return {
            "exact": self.exact,
            "near": self.near,
            "conflicting": self.conflicting,
            "examples": [
                {"texts": list(texts), "classes": list(classes)} for texts, classes in self.examples
            ],
        }


def find_duplicates(data: LabelledTexts, similarity: float = 0.9) -> Duplicates:
    """Finds all equal texts, and all pairs of texts that share most of their characters.

    Texts are equal if they are so but for case, punctuation and white space, and near if the
    Jaccard index of their sets of five successive characters is at least `similarity`. All such
    pairs are found, none by chance.

    Args:
        data: the rows.
        similarity: above 0, at most 1; below about 0.7 the search slows down.
    """
    first_of: dict[str, int] = {}
    unique = np.array([first_of.setdefault(normal_text(t), len(first_of)) for t in data.texts])
    different = list(first_of)
    del first_of  # a dictionary of a million texts takes 100 MB
    groups = _numbered(_connected(len(different), near_pairs(different, similarity))[unique])
    count = int(groups.max()) + 1
    # The pairs of group and class that occur; a table of groups by classes may not fit in memory.
    pairs = np.unique(groups * len(data.classes) + data.labels)
    classes = np.bincount(pairs // len(data.classes), minlength=count)  # of each group
    several = classes > 1
    return Duplicates(
        groups,
        exact=len(data) - len(different),
        near=len(different) - count,
        conflicting=int(several[groups].sum()),
        examples=_examples(data, unique, groups, classes),
    )


def normal_text(text: str) -> str:
    """The text without case and punctuation, white space folded; itself if nothing remains."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(text.translate(punctuation()).split()) or text


def _connected(count: int, pairs: np.ndarray) -> np.ndarray:
    """Component numbers (count,) of the graph with these edges, (m, 2)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = coo_array((np.ones(len(pairs), bool), tuple(pairs.T)), shape=(count, count))
    return connected_components(edges, directed=False)[1]


def _numbered(values: np.ndarray) -> np.ndarray:
    """The same partition with numbers in the order of first appearance."""
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _examples(
    data: LabelledTexts, unique: np.ndarray, groups: np.ndarray, classes: np.ndarray
) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    sizes = np.bincount(groups)
    candidates = np.flatnonzero(sizes > 1)
    # Groups of several classes, then those of several texts, in the order of the rows.
    texts = np.bincount(groups[np.unique(unique, return_index=True)[1]], minlength=len(sizes))
    order = np.lexsort((candidates, -np.minimum(texts, 2)[candidates], (classes == 1)[candidates]))
    found = []
    for group in candidates[order][:EXAMPLES]:
        rows = np.flatnonzero(groups == group)
        firsts = rows[np.sort(np.unique(unique[rows], return_index=True)[1])][:2]
        names = [data.classes[i] for i in np.unique(data.labels[rows])]
        found.append((tuple(data.texts[firsts]), tuple(names)))
    return tuple(found)

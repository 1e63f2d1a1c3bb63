"""Entities in tags: what IOB2 means, which sequences are legal, and the best legal one.

IOB2 (Tjong Kim Sang and Veenstra 1999, Representing Text Chunks): `B-TYPE` begins an entity,
`I-TYPE` goes on with one of the same type, `O` is outside of any. Tags of another form, such as
parts of speech, are units of one word each.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

OUTSIDE = "O"
UNKNOWN, UNKNOWN_INSIDE = -1, -2  # indices of true tags that a model does not know; -2 of an I-

Unit = tuple[int, int, str]  # first word, the word behind the last, type or label


def is_scheme(labels: Sequence[str]) -> bool:
    """Whether the labels are those of IOB2: `O`, and the others `B-…` or `I-…`."""
    return OUTSIDE in labels and all(
        label == OUTSIDE or label[:2] in ("B-", "I-") for label in labels
    )


def types(labels: Sequence[str]) -> tuple[str, ...]:
    """What a unit can be: the types of entities or, of other labels, each of them."""
    if not is_scheme(labels):
        return tuple(labels)
    return tuple(dict.fromkeys(label[2:] for label in labels if label != OUTSIDE))


def units(tags: Sequence[str], scheme: bool) -> Iterator[Unit]:
    """What counts as one in a sentence: its entities, or each of its words with its label.

    Of entities strictly: an `I-` that goes on with nothing is of no entity.

    Args:
        tags: of its words.
        scheme: whether they are in IOB2.
    """
    if not scheme:
        yield from ((place, place + 1, tag) for place, tag in enumerate(tags))
        return
    begin, kind = 0, ""
    for place, tag in enumerate([*tags, OUTSIDE]):
        if kind and tag != f"I-{kind}":
            yield begin, place, kind
            kind = ""
        if tag.startswith("B-"):
            begin, kind = place, tag[2:]


def named(tags: np.ndarray, labels: Sequence[str]) -> list[str]:
    """The names of tags, (words,) int; unknown ones are of the type, or have the name, "?"."""
    inside = ("I-?", "B-?") if is_scheme(labels) else ("?", "?")
    return [labels[tag] if tag >= 0 else inside[tag] for tag in tags]


@lru_cache(maxsize=32)
def allowed(labels: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Which tags may begin a sentence, (labels,) bool, and which may follow which.

    Returns:
        the second is (labels, labels) bool, by the tag before and the tag behind it. All are
        allowed where the labels are not those of IOB2.
    """
    first, then = np.ones(len(labels), bool), np.ones((len(labels),) * 2, bool)
    if not is_scheme(labels):
        return first, then
    for place, label in enumerate(labels):
        if label.startswith("I-"):
            kind = label[2:]
            first[place] = False
            then[:, place] = [before in (f"B-{kind}", label) for before in labels]
    return first, then


def is_legal(tags: np.ndarray, labels: tuple[str, ...]) -> bool:
    """Whether a sentence can have these tags, (words,) int; one without words can."""
    first, then = allowed(labels)
    return not len(tags) or bool(first[tags[0]] and then[tags[:-1], tags[1:]].all())


def most_probable(log_probabilities: np.ndarray, labels: tuple[str, ...]) -> np.ndarray:
    """The most probable legal tags of a sentence, (words,) int: Viterbi 1967.

    The model has no transitions of its own: a sequence has the product of its tags' probabilities,
    or nothing where it is not legal.

    Args:
        log_probabilities: (words, labels) float.
        labels: the tags' names.
    """
    first, then = allowed(labels)
    likeliest = log_probabilities.argmax(axis=1)
    if is_legal(likeliest, labels):
        return likeliest
    forbidden = np.where(then, 0.0, -np.inf)
    best = log_probabilities[0] + np.where(first, 0.0, -np.inf)
    came_from = np.zeros(log_probabilities.shape, np.int64)
    for place in range(1, len(log_probabilities)):
        paths = best[:, None] + forbidden
        came_from[place] = paths.argmax(axis=0)
        best = paths.max(axis=0) + log_probabilities[place]
    found = np.zeros(len(log_probabilities), np.int64)
    found[-1] = best.argmax()
    for place in range(len(found) - 1, 0, -1):
        found[place - 1] = came_from[place, found[place]]
    return found

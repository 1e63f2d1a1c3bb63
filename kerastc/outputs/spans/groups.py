"""How well questions of each kind are answered: by their question word, by lengths."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kerastc.outputs.spans.normal import words_of
from kerastc.outputs.spans.predictions import SpanPredictions

# What most questions ask with; a question has the first of its words that is one.
ASKING = {
    "en": "who whom whose what which when where why how",
    "es": "quién quiénes qué cuál cuáles cuándo dónde adónde cuánto cuánta cuántos cuántas cómo",
    "de": "wer wen wem wessen was welche welcher welches welchem welchen wann wo woher wohin warum "
    "wie wieviel",
}
MOST = 12  # kinds that a table lists; the others are one
WORDS = ((1, 1), (2, 2), (3, 4), (5, 9), (10, None))  # of a true answer
BINS = 5  # of contexts, with as many questions each


@dataclass(frozen=True)
class Group:
    """Questions of a kind: what they have in common, how many there are, and their figures."""

    name: str
    rows: int
    exact_match: float
    f1: float


def by_question_word(said: SpanPredictions) -> list[Group]:
    """The question words, those of most questions first; where none is known, the first word."""
    names = [
        _asking(question, truth.language)
        for (question, *_), truth in zip(said.examples, said.truth, strict=True)
    ]
    common = [name for name, _ in Counter(names).most_common(MOST)]
    place = {name: number for number, name in enumerate(common)}
    of = np.array([place.get(name, MOST) for name in names])
    return list(_groups(said, of, [*common, "other words"]))


def by_answer_length(said: SpanPredictions) -> list[Group]:
    """By the words of the shortest true answer, without articles; and those without an answer."""
    sizes = [
        min(len(words_of(text, truth.language)) for text in truth.texts) if truth.answers else -1
        for truth in said.truth
    ]
    names = [_words(*ends) for ends in WORDS]
    least = [low for low, _ in WORDS]
    of = np.maximum(np.searchsorted(least, np.maximum(sizes, 1), side="right") - 1, 0)
    of[np.array(sizes) < 0] = len(names)
    return list(_groups(said, of, [*names, "no answer"]))


def by_context_length(said: SpanPredictions) -> list[Group]:
    """By the characters of the context."""
    sizes = np.array([len(truth.context) for truth in said.truth])
    edges = np.unique(np.quantile(sizes, np.linspace(0, 1, BINS + 1)).astype(int))
    of = np.clip(np.searchsorted(edges, sizes, side="right") - 1, 0, max(len(edges) - 2, 0))
    ends = [*(edges[1:-1] - 1).tolist(), int(edges[-1])]
    names = [_range(*of) for of in zip(edges[:-1].tolist(), ends, strict=False)]
    return list(_groups(said, of, names or [f"{edges[0]:,}"]))


def _groups(said: SpanPredictions, of: np.ndarray, names: Sequence[str]) -> Iterator[Group]:
    for number, name in enumerate(names):
        rows = of == number
        if rows.any():
            figures = {key: float(values[rows].mean()) for key, values in said.figures.items()}
            yield Group(name, int(rows.sum()), **figures)


def _range(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _words(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} words or more"
    return f"{low} word{'s' * (low > 1)}" if low == high else f"{low} to {high} words"


def _asking(question: str, language: str) -> str:
    words = words_of(question, "other")
    known = frozenset(ASKING.get(language, "").split())
    return next((word for word in words if word in known), words[0] if words else "none")


Grouping = Callable[[SpanPredictions], list[Group]]
GROUPINGS: dict[str, Grouping] = {
    "question word": by_question_word,
    "words of the shortest true answer": by_answer_length,
    "characters of the context": by_context_length,
}

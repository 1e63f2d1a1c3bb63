"""The surest errors: what a model said with the greatest probability, and is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kerastc.outputs.spans.predictions import SpanPredictions
from kerastc.text.reference import NOWHERE

SHOWN = 20
AROUND = 120  # characters of a context before and behind what is marked
LONGEST_WORD = 20  # characters that an excerpt is shortened by, at most, to end with a word
TRUE, SAID, BOTH = "true", "said", "both"


@dataclass(frozen=True)
class Error:
    """A question with a wrong answer.

    Args:
        question: its text.
        true: the true answers' texts; empty if there is none.
        said: the model's; empty if it says that there is none.
        probability: of what it said.
        f1: of the answer's words.
        pieces: the part of the context with both answers: texts, each with what it is: `TRUE`,
            `SAID`, `BOTH`, or empty.
    """

    question: str
    true: tuple[str, ...]
    said: str
    probability: float
    f1: float
    pieces: tuple[tuple[str, str], ...]


def surest_errors(said: SpanPredictions, limit: int = SHOWN) -> list[Error]:
    """The answers that are not exact, the most probable first."""
    scores = np.array([_score(answer) for answer in said.answers])
    wrong = np.flatnonzero(said.figures["exact_match"] < 1)
    chosen = wrong[np.argsort(-scores[wrong], kind="stable")][:limit]
    return [_error(said, int(row), float(np.exp(scores[row]))) for row in chosen]


def _score(answer) -> float:
    return answer.no_answer if answer.best is None else answer.best.score


def _error(said: SpanPredictions, row: int, probability: float) -> Error:
    truth, answer = said.truth[row], said.answers[row]
    spans = [(a.begin, a.end) for a in truth.answers if a.begin != NOWHERE]
    best = answer.best and (answer.best.begin, answer.best.end)
    return Error(
        str(said.examples[row][0]),
        tuple(dict.fromkeys(a.text for a in truth.answers)),
        answer.text(truth.context),
        probability,
        float(said.figures["f1"][row]),
        tuple(marked(truth.context, spans, best)),
    )


def marked(
    context: str, true: Sequence[tuple[int, int]], said: tuple[int, int] | None
) -> list[tuple[str, str]]:
    """The part of a context around true answers and a model's, in pieces that are marked.

    Args:
        context: the text.
        true: where true answers begin and end.
        said: where the model's does; None if it gave none.
    """
    spans = [*true, *([said] if said else [])]
    if not spans:
        end = _to_a_word(context, 2 * AROUND, -1)
        return [(context[:end] + "…" * (end < len(context)), "")]
    kind = np.zeros(len(context), int)
    for begin, end in true:
        kind[begin:end] |= 1
    if said:
        kind[slice(*said)] |= 2
    first, last = min(begin for begin, _ in spans), max(end for _, end in spans)
    begin, end = _to_a_word(context, first - AROUND, 1), _to_a_word(context, last + AROUND, -1)
    edges = np.flatnonzero(np.diff(kind[begin:end])) + begin + 1
    cuts = [begin, *edges.tolist(), end]
    names = ("", TRUE, SAID, BOTH)
    pieces = []
    for low, high in pairwise(cuts):
        text, name = context[low:high], names[kind[low]]
        if not name and len(text) > 2 * AROUND and low != begin and high != end:
            behind, before = _to_a_word(text, AROUND, -1), _to_a_word(text, len(text) - AROUND, 1)
            text = f"{text[:behind]} … {text[before:]}"
        pieces.append((text, name))
    front, back = "…" * (begin > 0), "…" * (end < len(context))
    return [*([(front, "")] if front else []), *pieces, *([(back, "")] if back else [])]


def _to_a_word(text: str, place: int, step: int) -> int:
    """The nearest place forward (1) or back (-1) that is at an end of the text or of a word.

    A script without spaces has none nearby: its texts are cut at the place.
    """
    if not 0 < place < len(text):
        return max(0, min(place, len(text)))
    for near in range(place, place + step * LONGEST_WORD, step):
        if not 0 < near < len(text) or text[near - (step > 0)].isspace():
            return near
    return place

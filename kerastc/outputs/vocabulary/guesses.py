"""Examples of masked or next words, each in its text, with what a model guesses."""

from dataclasses import dataclass

import numpy as np

from kerastc.inputs.stream.rows import MASK
from kerastc.outputs.vocabulary.predictions import WordPredictions

SHOWN = 30
AROUND = 90  # characters of a text on each side of a word


@dataclass(frozen=True)
class Guess:
    """A masked word, or the one that goes on with what is before it.

    Args:
        before, after: the text around it, with other masks as they are.
        true: the word.
        best: the model's words with their probabilities, the best first.
        probability: of the true word.
        rank: its place among all, from 1.
    """

    before: str
    after: str
    true: str
    best: tuple[tuple[str, float], ...]
    probability: float
    rank: int


def guesses(said: WordPredictions, limit: int = SHOWN) -> list[Guess]:
    """Some of the words, spread evenly over those of all texts.

    In a text without masks every word was asked for.
    """
    places = [(row, place) for row, truth in enumerate(said.truth) for place in range(len(truth))]
    chosen = np.unique(np.linspace(0, len(places) - 1, min(limit, len(places))).astype(int))
    found = (_guess(said, *places[number]) for number in chosen.tolist())
    return [guess for guess in found if guess is not None]


def _guess(said: WordPredictions, row: int, place: int) -> Guess | None:
    pieces, answer = str(said.examples[row]).split(MASK), said.answers[row]
    words = [str(word) for word in said.truth[row]]
    if len(pieces) == 1:
        before, after = (" ".join(part) for part in (words[:place], words[place + 1 :]))
        before, after = f"{before} ", f" {after}"
    elif len(pieces) == len(words) + 1:
        before, after = MASK.join(pieces[: place + 1]), MASK.join(pieces[place + 1 :])
    else:  # the text spells a mask itself
        return None
    best = zip(answer.words[place].tolist(), np.exp(answer.logs[place]).tolist(), strict=True)
    return Guess(
        _near(before[::-1])[::-1],
        _near(after),
        str(said.truth[row][place]),
        tuple(best),
        float(np.exp(answer.true_logs[place])),
        int(answer.ranks[place]) + 1,
    )


def _near(text: str) -> str:
    """The beginning of a text, up to a word's end, with dots if it goes on."""
    if len(text) <= AROUND:
        return text
    whole = text[:AROUND].rpartition(" ")[0] or text[:AROUND]
    return f"{whole} …"

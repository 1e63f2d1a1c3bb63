"""From the logits of a question's windows to its best answers: Devlin et al. 2018, section 4.2.

A span has the probability of its first token to be the start times that of its last token to be the
end, each among the tokens of its window's context and the first token, which stands for no answer.
Answers are spans of whole words, unless a context has none that are short enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

BEST = 20  # spans that are kept
LONGEST = 30  # tokens of an answer: Devlin et al. 2018, BERT's max_answer_length


class Span(NamedTuple):
    """A part of a context, in characters, and the logarithm of its probability."""

    begin: int
    end: int
    score: float


@dataclass(frozen=True, eq=False)
class SpanAnswer:
    """What a model says to a question.

    Args:
        spans: the best ones, the best first, each once; none if no window has a token of the
            context.
        no_answer: the logarithm of the probability that there is no answer: the least of the
            windows.
        threshold: there is no answer if this is greater than the best span's by more than it;
            None: there always is one.
    """

    spans: tuple[Span, ...]
    no_answer: float
    threshold: float | None = None

    @property
    def lead(self) -> float:
        """How much more probable no answer is than the best span, in logarithms."""
        return self.no_answer - self.spans[0].score if self.spans else np.inf

    @property
    def best(self) -> Span | None:
        """The answer; None if there is none."""
        if not self.spans or (self.threshold is not None and self.lead > self.threshold):
            return None
        return self.spans[0]

    def text(self, context: str) -> str:
        """The answer in its context; empty if there is none."""
        best = self.best
        return context[best.begin : best.end] if best else ""


def answered(
    logits: Sequence[np.ndarray], rows: Any, longest: int, threshold: float | None
) -> list[SpanAnswer]:
    """The answers to n questions.

    Args:
        logits: of m windows, (tokens, 2) each: of start and end; padding is left out.
        rows: the windows, `Encoded` with `offsets`, and with `words`, or any tokens may be the ends
            of answers; an export may have cut them.
        longest: the most tokens of an answer.
        threshold: as in `SpanAnswer`.
    """
    texts, number = np.unique(rows.texts, return_inverse=True)
    spans, parts = ([{} for _ in texts] for _ in range(2))  # of whole words, and of any tokens
    no_answer = np.full(len(texts), np.inf)
    for text, of_window, row in zip(number.tolist(), logits, rows, strict=True):
        offsets = row.offsets[: len(of_window)]
        logs = log_shares(of_window[: len(offsets)], offsets)
        no_answer[text] = np.minimum(no_answer[text], logs[0].sum())
        whole = logs if row.words is None else of_whole_words(logs, row.words[: len(offsets)])
        _add(spans[text], _best_of(whole, offsets, longest))
        if not spans[text]:
            _add(parts[text], _best_of(logs, offsets, longest))
    return [
        SpanAnswer(tuple(_ranked(whole or part)), float(none), threshold)
        for whole, part, none in zip(spans, parts, no_answer, strict=True)
    ]


def _add(known: dict[tuple[int, int], float], found: list[Span]) -> None:
    for begin, end, score in found:
        known[begin, end] = max(score, known.get((begin, end), -np.inf))


def log_shares(logits: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Logarithms of the probabilities of start and end, (tokens, 2) float64.

    Args:
        logits: of a window, (tokens, 2).
        offsets: of its tokens; a token of none cannot begin or end an answer, but for the first.
    """
    allowed = offsets[:, 1] > offsets[:, 0]
    allowed[0] = True
    masked = np.where(allowed[:, None], logits.astype(np.float64), -np.inf)
    masked -= masked.max(axis=0)
    return masked - np.log(np.exp(masked).sum(axis=0))


def of_whole_words(logs: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Logarithms of probabilities as given, but of none to begin or end within a word, (tokens, 2).

    Args:
        logs: of a window, (tokens, 2).
        words: the number of each token's word, (tokens,); -1 if it is not whole.
    """
    same = words[1:] == words[:-1]
    within = np.stack([np.append(False, same), np.append(same, False)], axis=1)
    return np.where(within | (words < 0)[:, None], -np.inf, logs)


def _best_of(logs: np.ndarray, offsets: np.ndarray, longest: int) -> list[Span]:
    """The best spans of a window; of tokens of the context alone."""
    there = np.flatnonzero(offsets[:, 1] > offsets[:, 0])
    if not len(there):
        return []
    # Tokens of white space in between count for the length of an answer no more than for its text.
    width = min(longest, len(there))
    ends = np.concatenate([logs[there, 1], np.full(width - 1, -np.inf)])
    scores = logs[there, 0, None] + np.lib.stride_tricks.sliding_window_view(ends, width)
    flat = scores.ravel()
    most = min(BEST, len(flat))
    found = []
    for place in np.argpartition(-flat, most - 1)[:most]:
        if np.isfinite(flat[place]):
            first, more = divmod(int(place), width)
            begin, end = offsets[there[first], 0], offsets[there[first + more], 1]
            found.append(Span(int(begin), int(end), float(flat[place])))
    return found


def _ranked(spans: dict[tuple[int, int], float]) -> list[Span]:
    found = [Span(*place, score) for place, score in spans.items()]
    return sorted(found, key=lambda span: (-span.score, span.begin, span.end))[:BEST]


def best_threshold(lead: np.ndarray, with_span: np.ndarray, without: np.ndarray) -> float:
    """The threshold with the greatest mean figure; on a tie the one nearest to 0.

    Args:
        lead: of n questions, see `SpanAnswer`.
        with_span, without: the figure of each if the best span is given, and if no answer is, (n,).
    """
    order = np.argsort(lead, kind="stable")
    lead, gain = lead[order], (with_span - without)[order]
    totals = np.concatenate([[0], np.cumsum(gain)])  # by how many of the first are given a span
    finite = np.nan_to_num(lead, posinf=np.finfo(float).max / 4)
    between = np.concatenate([[finite[0] - 1], finite[:-1] / 2 + finite[1:] / 2, [finite[-1] + 1]])
    possible = np.concatenate([[True], lead[1:] > lead[:-1], [True]])
    best = possible & (totals >= totals[possible].max() - 1e-9)
    candidates = between[best]
    return float(candidates[np.abs(candidates).argmin()])

"""A question and its context in one sequence of tokens; a long context has several windows."""

import re
from collections.abc import Sequence

import numpy as np

from kerastc.text.encoded import Encoded
from kerastc.text.framing import Frame
from kerastc.text.ragged import Ragged
from kerastc.text.tokenizer import Tokenizer

LONGEST = 64  # tokens of a question; the rest is cut: Devlin et al. 2018, BERT's max_query_length
SPACE = re.compile(r"\s")


def most_of_question(tokenizer: Tokenizer, max_length: int) -> int:
    """The most tokens of a question in rows of a length: half of them, where they are few."""
    return min(LONGEST, max(1, (max_length - tokenizer.frame(2).size) // 2))


def encoded_questions(
    tokenizer: Tokenizer, pairs: Sequence[Sequence[str]], max_length: int, stride: int
) -> Encoded:
    """Tokens of each question with a window of its context, as many rows as it takes.

    The offsets of the context's tokens are where they begin and end in it, without white space at
    their ends; those of all other tokens, and of tokens of white space alone, are empty: no answer
    begins or ends there. `cut` says whether the question was cut.

    Args:
        tokenizer: of the model.
        pairs: n questions with their contexts, as a user gives them.
        max_length: the most tokens of a row, special ones included.
        stride: tokens of the context that a window repeats from the end of the previous one, or
            half of a window, where that is less.
    """
    questions = [question for question, _ in pairs]
    # Each white space is a blank, which every tokenizer knows; offsets stay.
    contexts = [SPACE.sub(" ", context) for _, context in pairs]
    most = most_of_question(tokenizer, max_length)
    room = max_length - tokenizer.frame(2).size - most
    rows = tokenizer.encode(
        questions, max_length, contexts, stride=min(stride, room // 2), first=most, offsets=True
    )
    inside = _in_context(rows, tokenizer.frame(2))
    offsets = np.where(inside[:, None], rows.offsets.values, 0)
    begins, ends = _without_space(offsets, np.repeat(rows.texts, rows.lengths), contexts)
    places = np.stack([begins, ends], axis=1).astype(np.int32)
    return Encoded(
        rows.ids,
        rows.segments,
        rows.special,
        Ragged(places, rows.lengths),
        cut=rows.cut,
        texts=rows.texts,
    )


def _in_context(rows: Encoded, frame: Frame) -> np.ndarray:
    """Whether each token of all rows is one of a context, (tokens,) bool: by the special tokens
    in front of it, which are the same in all rows."""
    special = rows.special.values
    row = np.repeat(np.arange(len(rows)), rows.lengths)
    before = np.cumsum(special) - row * frame.size
    return ~special & (before == frame.size - len(frame.ids[-1]))


def _without_space(
    offsets: np.ndarray, texts: np.ndarray, contexts: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Where tokens begin and end, (tokens,) int64 each, without blanks at their ends.

    Args:
        offsets: (tokens, 2) int.
        texts: the number of each token's context.
        contexts: the texts.
    """
    number = {context: place for place, context in enumerate(dict.fromkeys(contexts))}
    whole = "".join(number).encode("utf-32-le", "surrogatepass")
    blank = np.append(np.frombuffer(whole, "<u4") == ord(" "), False)
    starts = np.cumsum([0, *map(len, number)])
    at = starts[[number[context] for context in contexts]][texts]
    begins, ends = offsets.astype(np.int64).T
    while (early := (begins < ends) & blank[at + begins]).any():
        begins = begins + early
    while (late := (begins < ends) & blank[at + ends - 1]).any():
        ends = ends - late
    return begins, ends

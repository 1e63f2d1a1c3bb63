"""A question and its context in one sequence of tokens; a long context has several windows."""

import re
from collections.abc import Sequence

import numpy as np

from kerastc.text.encoded import Encoded
from kerastc.text.framing import Frame
from kerastc.text.ragged import Ragged
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.word_rules import in_words

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
    begins or ends there. `words` numbers the runs of letters and digits that they begin in; it is
    -1 where the window lacks a part of the word. `cut` says whether the question was cut.

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
    codes, starts = _joined(contexts)
    at = starts[np.repeat(rows.texts, rows.lengths)]
    begins, ends = _without_space(at + offsets[:, 0], at + offsets[:, 1], codes)
    words, ends = _whole_words(begins, ends, codes, rows.lengths)
    places = np.stack([begins - at, ends - at], axis=1).astype(np.int32)
    return Encoded(
        rows.ids,
        rows.segments,
        rows.special,
        Ragged(places, rows.lengths),
        Ragged(words, rows.lengths),
        rows.cut,
        rows.texts,
    )


def _in_context(rows: Encoded, frame: Frame) -> np.ndarray:
    """Whether each token of all rows is one of a context, (tokens,) bool: by the special tokens
    in front of it, which are the same in all rows."""
    special = rows.special.values
    row = np.repeat(np.arange(len(rows)), rows.lengths)
    before = np.cumsum(special) - row * frame.size
    return ~special & (before == frame.size - len(frame.ids[-1]))


def _joined(contexts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The code points of all contexts, each once with a blank behind it; where each of n begins."""
    number = {context: place for place, context in enumerate(dict.fromkeys(contexts))}
    whole = "".join(f"{context} " for context in number).encode("utf-32-le", "surrogatepass")
    starts = np.cumsum([0, *(len(context) + 1 for context in number)])
    places = np.array([number[context] for context in contexts], np.int64)
    return np.frombuffer(whole, "<u4"), starts[places]


def _without_space(
    begins: np.ndarray, ends: np.ndarray, codes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where tokens begin and end in `codes`, (tokens,) int each, without blanks at their ends."""
    blank = np.append(codes == ord(" "), False)
    while (early := (begins < ends) & blank[begins]).any():
        begins = begins + early
    while (late := (begins < ends) & blank[ends - 1]).any():
        ends = ends - late
    return begins, ends


def _whole_words(
    begins: np.ndarray, ends: np.ndarray, codes: np.ndarray, lengths: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The number of the word that each token begins in, (tokens,) int32, -1 as above; and where
    each token ends with the accents behind it that no token has.

    Args:
        begins, ends: of the tokens in `codes`.
        codes: of `_joined`.
        lengths: tokens of each row.
    """
    if not len(codes):
        return np.full(len(begins), -1, np.int32), ends
    of_word = in_words(codes)
    cuts = np.concatenate([[False], of_word[:-1] & of_word[1:], [False]])
    there = ends > begins
    begun = np.zeros(len(cuts), bool)
    begun[begins[there]] = True
    covered = np.cumsum(np.bincount(begins[there], minlength=len(cuts)).astype(np.int64))
    covered -= np.cumsum(np.bincount(ends[there], minlength=len(cuts)))
    while (short := there & cuts[ends] & (covered[ends] == 0)).any():
        ends = ends + short
    # A token may reach over several words, which are one then.
    inner = cuts | ((covered > 0) & ~begun)
    numbers = np.where(there, np.cumsum(~inner)[begins], -1)
    for row in np.split(np.arange(len(begins)), np.cumsum(lengths)[:-1]):
        row = row[there[row]]
        if len(row):
            parts = numbers[row[[0, -1]]][[inner[begins[row[0]]], inner[ends[row[-1]]]]]
            numbers[row[np.isin(numbers[row], parts)]] = -1
    return numbers.astype(np.int32), ends

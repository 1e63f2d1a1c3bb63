"""Where an answer is in its context, whatever its file says."""

import re

from kerastc.text.reference import TrueAnswer

MOVED = "answers that are not at the offset given: the nearest place with their text is taken"
SEVERAL = (
    "answers without an offset whose text is in the context more than once: the first is taken"
)
ALIKE = "answers that are in their context but for capitals or white space at their ends"
MISSING = "answers that are not in their context: they count in figures, and are not learned"


def placed(text: str, offset: int | None, context: str) -> tuple[TrueAnswer, str]:
    """An answer with its place in the context.

    The text at the offset is taken if it is the answer's; else the nearest equal one, or the first
    where no offset is given; else, in the same way, one that differs in capitals or in white space
    at its ends.

    Args:
        text: of the answer.
        offset: the character at which it should begin; None if that is not known.
        context: that it is from.

    Returns:
        the answer, and the note on what was settled; empty if its place was as given.
    """
    if offset is not None and offset >= 0 and context[offset : offset + len(text)] == text:
        return TrueAnswer(text, offset, offset + len(text)), ""
    for pattern, note in (
        (re.compile(re.escape(text)), ""),
        (re.compile(re.escape(text.strip()), re.IGNORECASE), ALIKE),
    ):
        found = [match.span() for match in pattern.finditer(context)]
        if not found:
            continue
        begin, end = min(found, key=lambda span: abs(span[0] - (offset or 0)))
        if not note:
            note = MOVED if offset is not None else SEVERAL * (len(found) > 1)
        return TrueAnswer(text, begin, end), note
    return TrueAnswer(text), MISSING

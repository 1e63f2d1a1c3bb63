"""The true answers of a question, in its context.

Devices import it, too: nothing but Python's standard library is imported here.
"""

from dataclasses import dataclass
from typing import NamedTuple

NOWHERE = -1  # begin and end of an answer whose text is not in the context


class TrueAnswer(NamedTuple):
    """An answer: its text, and where it begins and ends in the context, in characters."""

    text: str
    begin: int = NOWHERE
    end: int = NOWHERE


@dataclass(frozen=True)
class Reference:
    """What a question's answer is compared with.

    Args:
        context: the text that answers are in.
        answers: those that are true; none if the context has no answer.
        language: in whose way texts are compared, see `kerastc.outputs.spans.normal`.
    """

    context: str
    answers: tuple[TrueAnswer, ...]
    language: str = "en"

    @property
    def texts(self) -> tuple[str, ...]:
        """The true answers' texts; an empty one if there is none."""
        return tuple(answer.text for answer in self.answers) or ("",)

    @property
    def place(self) -> tuple[int, int] | None:
        """Where the first answer that is in the context begins and ends; None if none is."""
        found = (answer for answer in self.answers if answer.begin != NOWHERE)
        return next(((answer.begin, answer.end) for answer in found), None)

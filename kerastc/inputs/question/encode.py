"""Questions about contexts, from a user's strings to the token ids of a call."""

from collections.abc import Callable, Sequence

import numpy as np

from kerastc.errors import UserError
from kerastc.inputs.pair.encode import PairInput, PairPreprocessing
from kerastc.text.encoded import Encoded, Row
from kerastc.text.given import checked_texts
from kerastc.text.questions import encoded_questions, most_of_question
from kerastc.text.unseen import Unseen, unseen

SHAPE = 'Give a list of pairs: [("a question", "the context of its answer"), ...].'


class QuestionPreprocessing(PairPreprocessing):
    """Questions about contexts to token ids, as many rows each as its context has windows."""

    units = "questions"

    def tokens(self, texts: Sequence[Sequence[str]], length: int | None = None) -> Encoded:
        """Token ids of each question with a window of its context, and where tokens are in it.

        Args:
            texts: (n, 2), questions and contexts as a user gives them.
            length: the most tokens, if the model takes fewer than `max_tokens`.
        """
        return encoded_questions(self.tokenizer, texts, self.most(length), self.stride or 0)

    def unseen(self, texts: Sequence[Sequence[str]], length: int | None = None) -> Unseen:
        """What a model does not see: the ends of long questions, and unknown tokens."""
        tokens = self.tokens(texts, length)
        limit = most_of_question(self.tokenizer, self.most(length))
        return unseen(tokens, self.tokenizer.unknown_id, limit, units=self.units)


class QuestionInput(PairInput):
    """Questions about contexts as token ids, masks and, if the model has segments, 0 for tokens of
    the question and 1 for those of the context.

    Args:
        preprocessing: questions to token ids.
        segments: whether the model has them.
    """

    sample = '--question "a question" --context FILE'
    least = 6
    prepares = QuestionPreprocessing

    def checked(
        self, examples: Sequence[Sequence[str]], where: Callable[[int], str] | None = None
    ) -> list[tuple[str, str]]:
        """The questions with their contexts, checked to be texts that a model can take."""
        where = where or "questions[{}]".format
        pairs = list(examples)
        for index, pair in enumerate(pairs):
            if isinstance(pair, str | bytes) or not hasattr(pair, "__len__") or len(pair) != 2:
                raise UserError(f"{where(index)} is not a question with its context.", SHAPE)
        sides = [
            checked_texts(list(side), lambda index, name=name: f"{where(index)}, {name},")
            for side, name in zip(zip(*pairs, strict=True), ("question", "context"), strict=False)
        ]
        return list(zip(*sides, strict=True))

    def probe(self) -> Row:
        ids = np.full(self.least, self.preprocessing.tokenizer.vocabulary_size - 1, np.int32)
        return Row(ids, np.repeat(np.uint8([0, 1]), self.least // 2))


INPUT = QuestionInput

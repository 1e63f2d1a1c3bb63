"""Questions about contexts, from a user's strings to the token ids of a call."""

from collections.abc import Sequence

import numpy as np

from kerastc.inputs.pair.encode import PairInput, PairPreprocessing
from kerastc.text.encoded import Encoded, Row
from kerastc.text.questions import encoded_questions, most_of_question
from kerastc.text.unseen import Unseen, unseen


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
    called = ("a question with its context", "question", "context")
    shape = 'Give a list of pairs: [("a question", "the context of its answer"), ...].'

    def probe(self) -> Row:
        ids = np.full(self.least, self.preprocessing.tokenizer.vocabulary_size - 1, np.int32)
        return Row(ids, np.repeat(np.uint8([0, 1]), self.least // 2))


INPUT = QuestionInput

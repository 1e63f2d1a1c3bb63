"""How models of questions are compressed: like those of pairs."""

from collections.abc import Hashable, Sequence

import numpy as np

from kerastc.data.questions.file import unlabelled_questions
from kerastc.data.tables.reading import Reading
from kerastc.data.texts.duplicates import normal_text
from kerastc.inputs.pair.compression import CompressedPairs
from kerastc.inputs.question import UNIT
from kerastc.progress import tell
from kerastc.training.question_config import QuestionConfig


class CompressedQuestions(CompressedPairs):
    """See `CompressedInput`; examples are (n, 2), questions and contexts."""

    unit = UNIT

    given: QuestionConfig

    def _further(self, path: str) -> np.ndarray:
        questions, form = unlabelled_questions(path, Reading.of(self.preprocessing).encoding)
        tell(f"Read {len(questions):,} questions of {path} from {form}.")
        return questions

    def _seen(self, examples: Sequence[Sequence[str]]) -> list[Hashable]:
        return [tuple(map(normal_text, pair)) for pair in examples]


INPUT = CompressedQuestions

"""Training, validation and test questions: no question is in two parts, nor, if they are drawn, a
context or an article."""

from collections.abc import Callable

from kerastc.data.questions.duplicates import find_question_duplicates
from kerastc.data.questions.questions import LabelledQuestions
from kerastc.data.splits import Splits
from kerastc.data.texts.text_parts import TextParts, split_texts, with_known_counted
from kerastc.errors import UserError


def split_questions(
    data: LabelledQuestions,
    parts: TextParts,
    read: Callable[[str], LabelledQuestions],
    seed: int,
    train_fraction: float = 1.0,
) -> Splits:
    """As `split_texts`, for questions.

    Parts that are drawn have no context and no article in common. If parts have files of their own,
    only equal questions about equal contexts, or nearly so, are left out of training; those about
    an article or context of training are counted.

    Args as in `split_texts`.

    Raises:
        UserError: as in `split_texts`; and if there is no answer that a model can learn.
    """
    find = find_question_duplicates
    splits = split_texts(data, parts, read, seed, train_fraction, find=find)
    if not any(truth.place for truth in splits.train.labels):
        raise UserError(
            f"No training question of {data.source} has its answer in its context: there is "
            "nothing to learn.",
            "Give answers as the context has them, to the letter.",
        )
    return with_known_counted(splits, "questions about a context or article of training")

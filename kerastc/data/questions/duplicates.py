"""Questions that are asked twice, and questions about one context or article."""

import numpy as np

from kerastc.data.questions.questions import LabelledQuestions
from kerastc.data.texts.duplicates import (
    Duplicates,
    Seen,
    described,
    grouped,
    joined_groups,
    numbered,
)

SIMILARITY = 0.9  # of near texts, as in `find_duplicates`


def find_question_duplicates(data: LabelledQuestions, seen: Seen | None = None) -> Duplicates:
    """Finds questions that are asked twice of equal or nearly equal contexts.

    `find_duplicates` defines equal and near for texts. Questions about equal or nearly equal
    contexts, or about one article, are `together`: a model trained on one of them has read the
    context of the others.

    Args:
        data: the rows.
        seen: not needed: a model reads all of a context.
    """
    (unique, near), (unique_contexts, contexts) = (
        grouped(side.tolist(), SIMILARITY) for side in data.examples.T
    )
    unique, groups = _both(unique, unique_contexts), _both(near, contexts)
    own = np.arange(len(data)).astype(str)  # of those whose article is not known
    articles = np.where(data.articles == "", own, np.char.add("#", data.articles.astype(str)))
    together = joined_groups(joined_groups(groups, contexts), numbered(articles))
    questions_of = np.bincount(np.unique(np.stack([contexts, groups], axis=1), axis=0)[:, 0])
    return described(
        data,
        unique,
        groups,
        near=int(unique.max()) - int(groups.max()),
        seen=0,
        together=together,
        shared=int((questions_of > 1)[contexts].sum()),
        units="questions",
    )


def _both(questions: np.ndarray, contexts: np.ndarray) -> np.ndarray:
    """Numbers, (n,), that rows with equal numbers on both sides share."""
    return numbered(questions * (int(contexts.max()) + 1) + contexts)

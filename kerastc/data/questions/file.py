"""Questions from a user's file: SQuAD's JSON, or JSON with an object for each question."""

from collections import Counter
from pathlib import Path

import numpy as np

from kerastc.data.pairs.pairs import pair_array
from kerastc.data.questions.forms import NONE_OF_THEM, questions_in
from kerastc.data.questions.given import ANSWERS, IMPOSSIBLE, Given
from kerastc.data.questions.placing import placed
from kerastc.data.questions.questions import CLASSES, LabelledQuestions, references
from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tables.reading import Reading
from kerastc.errors import UserError
from kerastc.text.reference import Reference, TrueAnswer

COLUMNS, LABEL = ("question", "context"), "answers"
EMPTY = "empty answers, left out"
ALL_EMPTY = "questions with none but empty answers, left out"
IGNORED = "answers of questions that are marked as impossible, left out"


def read_questions(
    path: str | Path, language: str = "en", encoding: str = "utf-8"
) -> LabelledQuestions:
    """Reads questions with their contexts and answers.

    The file is SQuAD's JSON, 1.1 or 2.0 (Rajpurkar et al. 2016 and 2018), or has an object for each
    question: one on each line, in an array, or in an array `data`. There `answers` are objects with
    `text` and `answer_start`, or such an object of lists, or texts. A question without answers, or
    one that is marked `is_impossible`, has no answer in its context; plausible answers are left
    out. Answers are looked for in their context where they are not at their offset, see `placed`;
    what was settled is counted in the notes.

    Args:
        path: the file, plain or gzip.
        language: of the texts, by which answers are compared.
        encoding: of the file.

    Raises:
        UserError: naming file and place, for a file of another form, and for a question, context or
            answer that is missing, empty or no text.
    """
    file = PlainFile.at(path, encoding)
    form, found = questions_in(file)
    notes: Counter[str] = Counter()
    examples, truth, articles = [], [], []
    for place, given in found:
        answers = _answers(given, place, notes)
        if answers is None:
            continue
        examples.append((given.question, given.context))
        truth.append(Reference(given.context, answers, language))
        articles.append(given.article)
    if empty := not examples and notes[ALL_EMPTY]:
        raise UserError(
            f"{file.path}: all answers of its {empty:,} questions are empty.",
            'Write them, or "answers": [] where the context has none.',
        )
    if not examples:
        raise UserError(f"{file.path} has no questions.", NONE_OF_THEM)
    if none := sum(not one.answers for one in truth):
        notes["questions without an answer in their context"] = none
    return LabelledQuestions(
        pair_array(examples),
        references(truth),
        CLASSES,
        f"{file.path.name}: questions, contexts and answers from {form}",
        {what: count for what, count in notes.items() if count},
        reading=Reading(COLUMNS, LABEL, encoding=encoding, language=language),
        articles=np.array(articles, object),
    )


def unlabelled_questions(path: str | Path, encoding: str = "utf-8") -> tuple[np.ndarray, str]:
    """Questions to answer, from the files of `read_questions`; answers in them are not read.

    Returns:
        (n, 2) object, and the form of the file in words.
    """
    file = PlainFile.at(path, encoding)
    form, found = questions_in(file)
    examples = [(given.question, given.context) for _, given in found]
    if not examples:
        raise UserError(f"{file.path} has no questions.", NONE_OF_THEM)
    return pair_array(examples), form


def _answers(given: Given, place: str, notes: Counter[str]) -> tuple[TrueAnswer, ...] | None:
    """The true answers, each text at a place once; None where all that is given is empty."""
    if given.answers is None and not given.impossible:
        raise UserError(
            f"{place}: there are neither {ANSWERS[0]!r} nor {IMPOSSIBLE!r}.",
            'Give the answers, or "answers": [] where the context has none.',
        )
    answers = given.answers or ()
    if given.impossible:
        notes[IGNORED] += len(answers)
        answers = ()
    found = {}
    for text, offset in answers:
        if not text.strip():
            notes[EMPTY] += 1
            continue
        answer, note = placed(text, offset, given.context)
        if note and answer not in found:
            notes[note] += 1
        found[answer] = None
    if answers and not found:
        notes[ALL_EMPTY] += 1
        return None
    return tuple(found)

"""A user's questions with their answers."""

from pathlib import Path

from kerastc.data.questions.file import read_questions
from kerastc.data.questions.questions import LabelledQuestions
from kerastc.data.tables.reading import Reading


def labelled(path: Path, reading: Reading) -> LabelledQuestions:
    """Questions to measure a model on, compared in the language that the run was trained in."""
    return read_questions(path, reading.language or "en", reading.encoding)

"""A user's questions: words of the command line, files of questions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerastc.errors import UserError
from kerastc.inputs.text.read import TextReader
from kerastc.printable import echo
from kerastc.text.given import checked_texts

NAMES = ("question", "context")


class QuestionReader(TextReader):
    """See `Reader`; a question is followed by its context."""

    def named(
        self, words: Sequence[str], path: Path | None, columns: str, run: Path, **form: Any
    ) -> list[tuple[str, str]]:
        if columns:
            raise UserError(
                f"--text {columns}: {run} takes questions, whose fields have the names "
                f"{' and '.join(NAMES)}.",
                "Leave it out.",
            )
        texts = checked_texts(
            words, lambda index: f"The {NAMES[index % 2]} on the command line ({index + 1})"
        )
        if len(texts) % 2:
            raise UserError(
                f"{run} takes questions, each with its context; the last of {len(texts)} words has "
                "none.",
                f'Give both: kerastc predict {run} --question "..." --context FILE',
            )
        questions = list(zip(texts[::2], texts[1::2], strict=True))
        return questions if path is None else questions + self._of_file(path, "", **form)

    def _of_file(self, path: Path, columns: str, **form: Any) -> list[tuple[str, str]]:
        from kerastc.data.questions.file import unlabelled_questions

        questions, origin = unlabelled_questions(path, self.wanted(path, columns, **form).encoding)
        echo(f"Read {len(questions):,} questions from {origin}.", err=True)
        return list(map(tuple, questions.tolist()))


READER = QuestionReader

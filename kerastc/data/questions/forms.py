"""The forms of a file of questions, known by its content: SQuAD's JSON, rows of JSON."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from kerastc.data.questions.given import (
    SHAPE,
    Given,
    a_list,
    an_object,
    answers_of,
    context_of,
    impossible,
    of_row,
    placed_in,
    question_of,
)
from kerastc.data.tables.json_lines import objects
from kerastc.data.tables.json_values import JsonValues, NotJson
from kerastc.data.tables.plain_file import PlainFile
from kerastc.errors import UserError

SQUAD, LINES, ROWS = "SQuAD's JSON", "JSON Lines", "JSON"
PARAGRAPHS = "paragraphs"
NONE_OF_THEM = "Give SQuAD's JSON, or JSON Lines with an object for each question, such as " + SHAPE


def questions_in(file: PlainFile) -> tuple[str, Iterator[tuple[str, Given]]]:
    """The form of a file, and its questions, each with its place in words.

    Raises:
        UserError: it has none of the forms; or, while the questions are read, one is not valid.
    """
    content = _whole(file)
    if content is None:
        return LINES, _of_lines(file)
    if isinstance(content, list):
        return ROWS, _of_rows(file, content, "row")
    data = content.get("data")
    if not isinstance(data, list):
        if "question" in content:
            return LINES, _of_lines(file)
        raise UserError(f"{file.path} is an object without a list 'data'.", NONE_OF_THEM)
    if data and isinstance(data[0], dict) and "question" in data[0]:
        return ROWS, _of_rows(file, data, "'data', row")
    return SQUAD, _of_squad(file, data)


def _whole(file: PlainFile) -> Any:
    """The one value that a file holds; None if it holds several, one after the other."""
    with closing(file.chunks()) as chunks:
        values = JsonValues(chunks)
        if values.peek() not in ("{", "["):
            raise UserError(f"{file.path} is not JSON.", NONE_OF_THEM)
        try:
            content = values.value()
        except NotJson as error:
            raise UserError(
                f"{file.path}, line {error.line}, column {error.column}: not valid JSON "
                f"({error.why}).",
                NONE_OF_THEM,
            ) from None
        return None if values.peek() else content


def _of_lines(file: PlainFile) -> Iterator[tuple[str, Given]]:
    for line, row in objects(file, SHAPE):
        place = placed_in(file.path, f"line {line}")
        yield place, of_row(row, place)


def _of_rows(file: PlainFile, rows: list, what: str) -> Iterator[tuple[str, Given]]:
    for number, row in enumerate(rows, 1):
        place = placed_in(file.path, f"{what} {number}")
        yield place, of_row(row, place)


def _of_squad(file: PlainFile, data: list) -> Iterator[tuple[str, Given]]:
    """Articles with paragraphs, which have a context and questions (Rajpurkar et al. 2016)."""
    for article, content in enumerate(data, 1):
        place = placed_in(file.path, f"article {article}")
        content = an_object(content, place)
        title = content.get("title")
        name = title if isinstance(title, str) and title.strip() else place
        for number, paragraph in enumerate(a_list(content, PARAGRAPHS, place), 1):
            within = f"{place}, paragraph {number}"
            paragraph = an_object(paragraph, within)
            context = context_of(paragraph, within)
            for count, row in enumerate(a_list(paragraph, "qas", within), 1):
                at = f"{within}, question {count}"
                row = an_object(row, at)
                if isinstance(row.get("id"), str | int):
                    at += f" (id {str(row['id'])[:40]})"
                question = question_of(row, at)
                found = Given(question, context, answers_of(row, at), impossible(row, at))
                yield at, replace(found, article=name)

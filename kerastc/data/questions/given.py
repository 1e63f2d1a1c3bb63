"""Questions as files have them, checked field by field; errors name the place."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastc.data.tables.flaws import flaw_of
from kerastc.errors import UserError

ANSWERS = ("answers", "answer")
TEXT, OFFSET = "text", "answer_start"
UNKNOWN = -1  # an offset in translated files, where an answer was not found
IMPOSSIBLE = "is_impossible"
SHAPE = '{"question": "...", "context": "...", "answers": {"text": ["..."], "answer_start": [0]}}'


@dataclass(frozen=True)
class Given:
    """A question of a file.

    Args:
        question, context: its texts.
        answers: texts and offsets, None for an offset that is not given; no answers if there are
            none, None if the file does not say.
        impossible: whether the file says that there is no answer.
        article: that the context is from; empty if not known.
    """

    question: str
    context: str
    answers: tuple[tuple[str, int | None], ...] | None
    impossible: bool = False
    article: str = ""


def of_row(row: Any, place: str) -> Given:
    """A question from an object with `question`, `context` and perhaps `answers`.

    Args:
        row: the object.
        place: file and row, for errors.

    Raises:
        UserError: something is missing, empty or of another type.
    """
    row = an_object(row, place)
    question, context = question_of(row, place), context_of(row, place)
    title = row.get("title")
    article = title if isinstance(title, str) else ""
    return Given(question, context, answers_of(row, place), impossible(row, place), article)


def question_of(row: Mapping[str, Any], place: str) -> str:
    """The question in an object, white space folded."""
    return " ".join(_text(row, "question", place).split())


def context_of(row: Mapping[str, Any], place: str) -> str:
    """The context in an object, as it is: answers are at offsets of it."""
    return _text(row, "context", place)


def impossible(row: Mapping[str, Any], place: str) -> bool:
    """Whether an object says that its question has no answer."""
    said = row.get(IMPOSSIBLE, False)
    if not isinstance(said, bool):
        raise UserError(f"{place}: {IMPOSSIBLE!r} is {_shown(said)}; it is true or false.")
    return said


def answers_of(row: Mapping[str, Any], place: str) -> tuple[tuple[str, int | None], ...] | None:
    """The answers in an object, in any of the forms that are known; None if it has none."""
    key = next((key for key in ANSWERS if row.get(key) is not None), None)
    if key is None:
        return None
    said = row[key]
    if isinstance(said, Mapping):
        return tuple(_of_lists(said, f"{place}, {key!r}"))
    if not isinstance(said, list):
        said = [said]
    return tuple(_answer(one, f"{place}, {key!r}") for one in said)


def an_object(value: Any, place: str) -> Mapping[str, Any]:
    """The value, checked to be a JSON object."""
    if not isinstance(value, Mapping):
        raise UserError(f"{place}: {_shown(value)} where an object is needed.", f"Such as {SHAPE}")
    return value


def a_list(row: Mapping[str, Any], key: str, place: str) -> Sequence[Any]:
    """A list in an object."""
    if not isinstance(row.get(key), list):
        has = _shown(row[key]) if key in row else "missing"
        raise UserError(f"{place}: {key!r} is {has}; it is a list in SQuAD's form.")
    return row[key]


def _of_lists(said: Mapping[str, Any], place: str) -> Iterator[tuple[str, int | None]]:
    """Answers as the `datasets` library has them: a list of texts and one of offsets."""
    texts, offsets = said.get(TEXT), said.get(OFFSET)
    if isinstance(texts, str):
        yield _answer(said, place)
        return
    if not isinstance(texts, list) or not isinstance(offsets, list | None):
        raise UserError(f"{place}: {TEXT!r} and {OFFSET!r} are not two lists.", f"Such as {SHAPE}")
    offsets = [None] * len(texts) if offsets is None else offsets
    if len(texts) != len(offsets):
        raise UserError(
            f"{place}: {len(texts)} texts, but {len(offsets)} offsets.", "Give one for each."
        )
    for text, offset in zip(texts, offsets, strict=True):
        yield _answer({TEXT: text, OFFSET: offset}, place)


def _answer(said: Any, place: str) -> tuple[str, int | None]:
    """An answer: an object with a text and perhaps an offset, or the text alone."""
    if isinstance(said, str):
        said = {TEXT: said}
    if not isinstance(said, Mapping) or not isinstance(said.get(TEXT), str):
        raise UserError(f"{place}: {_shown(said)} is not an answer.", f"Such as {SHAPE}")
    _check(said[TEXT], TEXT, place)
    offset = said.get(OFFSET)
    if offset is not None and type(offset) is not int:
        raise UserError(
            f"{place}: {OFFSET!r} is {_shown(offset)}; it is the number of a character, from 0."
        )
    return said[TEXT], None if offset == UNKNOWN else offset


def _text(row: Mapping[str, Any], key: str, place: str) -> str:
    text = row.get(key)
    if not isinstance(text, str):
        what = f"is {_shown(text)}, not a text" if key in row else "is missing"
        raise UserError(f"{place}: the {key} {what}.", f"Such as {SHAPE}")
    if not text.strip():
        raise UserError(f"{place}: the {key} is empty.", "Write it, or leave the question out.")
    _check(text, key, place)
    return text


def _check(text: str, key: str, place: str) -> None:
    if flaw := flaw_of((text,), (key,)):
        raise UserError(f"{place}: {flaw.told}", flaw.hint)


def _shown(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."


def placed_in(path: Path, *parts: str) -> str:
    """`FILE, article 2, question 3`."""
    return ", ".join((str(path), *parts))

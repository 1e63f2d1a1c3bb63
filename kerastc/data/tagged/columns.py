"""Files with a line for each word, in columns, and a blank one behind each sentence.

The form of CoNLL-2002 and -2003, of WikiANN, WNUT, Universal NER and of Label Studio's export.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from itertools import islice

from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tagged.sentence import Notes, Sentence
from kerastc.errors import UserError
from kerastc.text.worded import Worded

DOCUMENT = "-DOCSTART-"
COMMENT = "#"
LAST = "last"  # the column of tags, unless another is named
NAMES = (".conll", ".bio", ".iob", ".iob1", ".iob2", ".bioes", ".bilou")
SPACED = "words with white space inside, now without"
COMMENTS = "lines of comments, left out"
SNIFFED = 200  # lines
BLANKS = re.compile("[ \t]+")


def column(name: str, usual: str, what: str) -> int:
    """The index of a column of words or tags.

    Args:
        name: its number, from 1, or "last"; empty takes the usual one.
        usual: as `name`.
        what: "words" or "tags", named in the error.

    Raises:
        UserError: it is neither.
    """
    name = name or usual
    if name == LAST:
        return -1
    if not (name.isdecimal() and name.isascii() and int(name)):
        raise UserError(
            f"{name!r} is no column of {what} in a file of columns.",
            f"Give its number, from 1, or {LAST}.",
        )
    return int(name) - 1


def sentences(file: PlainFile, word: int, tag: int | None, notes: Notes) -> Iterator[Sentence]:
    """The sentences of a file.

    Columns are separated by tabs where a line has any, otherwise by spaces; all lines have the same
    number of them. A line of -DOCSTART- ends a sentence, and so does a blank one. A line that
    begins with # and has other columns than the lines of words is a comment.

    Args:
        file: to read.
        word, tag: indices of the columns; tag is None if words alone are read.
        notes: gets what was settled.

    Raises:
        UserError: naming file and line, for a line with other columns than the others have, and
            for one without a word or tag.
    """
    words: list[str] = []
    tags: list[str] = []
    numbers: list[int] = []
    width = 0
    form = _form(file)
    with closing(file.lines()) as lines:
        for number, line in enumerate(lines, 1):
            line = line.strip("\r\n")
            if not line.strip() or line.startswith(DOCUMENT):
                if words:
                    yield Sentence(Worded.joined(words), tags, numbers)
                words, tags, numbers = [], [], []
                continue
            cells = _cells(line)
            if line.startswith(COMMENT) and form != ("\t" in line, len(cells)):
                notes.add(COMMENTS, number)
                continue
            width = width or len(cells)
            _check(file, number, cells, width, word, tag)
            found = "".join(cells[word].split())
            notes.add(SPACED, number, found != cells[word].strip())
            words.append(found)
            numbers.append(number)
            tags.append("" if tag is None else "_".join(cells[tag].split()))
    if words:
        yield Sentence(Worded.joined(words), tags, numbers)


def is_of_columns(file: PlainFile) -> bool:
    """Whether a file is one of columns, not one with a text on each line.

    It is by its name, or if its first lines all have the same number of columns, with blank ones
    between them: texts differ in length, and none of them is blank.
    """
    if file.extension in NAMES:
        return True
    widths, blank, ended = set(), False, False
    with closing(file.lines(show_progress=False)) as lines:
        for line in islice(lines, SNIFFED):
            if not line.strip():
                ended = bool(widths)
            elif not line.startswith((DOCUMENT, COMMENT)):
                widths.add(len(_cells(line.strip("\r\n"))))
                blank |= ended
    return blank and len(widths) == 1


def _cells(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else BLANKS.split(line.strip(" "))


def _form(file: PlainFile) -> tuple[bool, int] | None:
    """Whether the first line that is no comment has tabs, and its columns; None without one."""
    with closing(file.lines(show_progress=False)) as lines:
        for line in lines:
            if line.strip() and not line.startswith((DOCUMENT, COMMENT)):
                return "\t" in line, len(_cells(line.strip("\r\n")))
    return None


def _check(
    file: PlainFile, number: int, cells: list[str], width: int, word: int, tag: int | None
) -> None:
    """Refuses a line that has not what the others have."""
    hint = "A line has a word and its tag; a blank line ends a sentence."
    shown = " ".join(cells)[:60]
    if len(cells) != width:
        raise UserError(
            f"{file.path}, line {number}: {shown!r} has {len(cells)} "
            f"column{'s' * (len(cells) != 1)}; the lines before it have {width}.",
            hint,
        )
    if tag is not None and len(cells) == 1:
        raise UserError(f"{file.path}, line {number}: {shown!r} has not a word and a tag.", hint)
    word, tag = (None if at is None else at + width * (at < 0) for at in (word, tag))
    if tag == word:
        raise UserError(
            f"{file.path}: column {word + 1} is that of words and tags.",
            "Name another for one of them: word=1 tag=2",
        )
    for place, what in ((word, "word"), (tag, "tag")):
        if place is not None and (place >= len(cells) or not cells[place].strip()):
            raise UserError(
                f"{file.path}, line {number}: {shown!r} has not a {what} in column {place + 1}.",
                hint,
            )

"""Sentences with a tag for each word, from files in columns as CoNLL-2002 and -2003 have them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tables.reading import Reading
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import UserError
from kerastc.text.worded import Worded

DOCUMENT = "-DOCSTART-"
LAST = "last"  # the column of tags, unless another is named
ENTITY = re.compile(r"[BIESLU]-.+")
AS_IOB2 = {"S": "B", "U": "B", "E": "I", "L": "I"}
BEGUN = "tags I- that begin an entity, now B-"
RENAMED = "tags E-, L-, S- and U-, now I- or B-"
SPACED = "words with white space inside, now without"

Sentence = tuple[list[str], list[str]]  # words, and their tags


@dataclass(frozen=True)
class TaggedTexts(LabelledTexts):
    """Texts with a tag for each word; examples are `Worded`.

    Args:
        labels: (n,) array of arrays (words,) int32, indices into `classes`.
        classes: the tags; of entities each type with both `B-` and `I-`.
        examples, source, notes, ...: as of `LabelledTexts`.
    """

    kinds: ClassVar[str] = "tags"
    strata_names: ClassVar[tuple[str, ...]] = ("sentences",)

    @property
    def strata(self) -> np.ndarray:
        return np.zeros(len(self), np.int64)

    def renumbered(self, number: np.ndarray) -> np.ndarray:
        return _rows(number[row] for row in self.labels)

    def class_counts(self) -> np.ndarray:
        """Words with each tag, (tags,) int."""
        every = np.concatenate([np.zeros(0, np.int32), *self.labels])
        return np.bincount(every, minlength=len(self.classes))

    def _digest(self, digest) -> None:
        for text, row in zip(self.examples, self.labels, strict=True):
            digest.update(text.encode() + b"\0" + row.astype("<i4").tobytes())


def read_tagged(path: str | Path, tag: str = "", encoding: str = "utf-8") -> TaggedTexts:
    """Reads sentences: a line for each word, in columns, and a blank one behind the last word.

    The word is in the first column. Columns are parted by tabs where a line has any, else by white
    space. Entities may be tagged in IOB1, IOB2, BIOES or BILOU and come out in IOB2; what was
    changed is counted in the notes. Lines of -DOCSTART- are no words.

    Args:
        path: the file, plain or gzip.
        tag: the number of the column of tags, from 1; the last by default.
        encoding: of the file.

    Raises:
        UserError: naming file and line, for a line without a tag, and for a file without any.
    """
    if tag not in ("", LAST) and not (tag.isdecimal() and int(tag) > 1):
        raise UserError(
            f"tag={tag!r} is no column of tags.", "Give its number, 2 or more; empty: the last."
        )
    file = PlainFile.at(path, encoding)
    place = -1 if tag in ("", LAST) else int(tag) - 1
    notes: Counter[str] = Counter()
    sentences = list(_sentences(file, place, notes))
    if not sentences:
        raise UserError(f"{file.path} has no tagged words.", "Give a line for each: WORD TAG.")
    found = {name for _, tags in sentences for name in tags}
    if all(name == "O" or ENTITY.fullmatch(name) for name in found) and found != {"O"}:
        sentences = [(words, as_iob2(tags, notes)) for words, tags in sentences]
        types = sorted({name[2:] for name in found - {"O"}})
        names = ["O", *(f"{mark}-{kind}" for kind in types for mark in "BI")]
    else:
        names = sorted(found)
    if len(names) == 1:
        raise UserError(
            f"{file.path}: every word has the tag {names[0]!r}.", "Name another column: tag=2"
        )
    told = f"column {tag}" if tag.isdecimal() else "the last one"
    number = {name: index for index, name in enumerate(names)}
    return TaggedTexts(
        np.array([Worded.joined(words) for words, _ in sentences], dtype=object),
        _rows(np.array([number[name] for name in tags], np.int32) for _, tags in sentences),
        tuple(names),
        f"{file.path.name}: words from the first column, tags from {told}",
        {what: count for what, count in notes.items() if count},
        reading=Reading(label=tag or LAST, encoding=encoding),
    )


def as_iob2(tags: Sequence[str], notes: Counter[str]) -> list[str]:
    """The tags of a sentence's entities in IOB2; what is changed is counted."""
    found: list[str] = []
    ended = True
    for tag in tags:
        mark, kind = tag[:1], tag[2:]
        new = tag if tag == "O" else f"{AS_IOB2.get(mark, mark)}-{kind}"
        notes[RENAMED] += new != tag
        if new.startswith("I-") and (ended or found[-1][2:] != kind):
            new = f"B-{kind}"
            notes[BEGUN] += 1
        ended = tag == "O" or mark in "ELSU"
        found.append(new)
    return found


def _sentences(file: PlainFile, place: int, notes: Counter[str]) -> Iterator[Sentence]:
    words: list[str] = []
    tags: list[str] = []
    with closing(file.lines()) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith(DOCUMENT):
                if words:
                    yield words, tags
                words, tags = [], []
                continue
            cells = line.rstrip("\r\n").split("\t") if "\t" in line else line.split()
            word = "".join(cells[0].split())
            if not word or len(cells) < 2 or len(cells) <= place or not cells[place].strip():
                wanted = "a word and a tag" if place < 0 else f"a tag in column {place + 1}"
                raise UserError(
                    f"{file.path}, line {number}: {line.strip()!r} has not {wanted}.",
                    "A line has a word and its tag; a blank line ends a sentence.",
                )
            notes[SPACED] += word != cells[0].strip()
            words.append(word)
            tags.append(cells[place].strip())
    if words:
        yield words, tags


def _rows(rows) -> np.ndarray:
    """Arrays as the elements of an array, also where all are of one length."""
    rows = list(rows)
    found = np.empty(len(rows), dtype=object)
    for place, row in enumerate(rows):
        found[place] = row
    return found

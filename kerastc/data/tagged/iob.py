"""Tags of entities in whichever scheme, to IOB2.

IOB1 (Ramshaw and Marcus 1995) has `B-` only where an entity follows another of its type; IOB2 at
the beginning of each (Tjong Kim Sang and Veenstra 1999). BIOES and BILOU also mark the last word
(`E-`, `L-`) and the only one (`S-`, `U-`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from kerastc.data.tagged.sentence import Notes, Sentence
from kerastc.errors import UserError

OUTSIDE = "O"
ENTITY = re.compile(r"[BIESLU]-.+")
AS_IOB2 = {"S": "B", "U": "B", "E": "I", "L": "I"}
IOB1 = "tags of IOB1: I- that begin an entity, now B-"
RENAMED = "tags of BIOES or BILOU: E-, L-, S- and U-, now I- or B-"
LONE = "tags I- that go on with no entity of their type: they begin one, now B-"
UNENDED = "entities of BIOES or BILOU that have no last word: they end before the next tag"


def is_of_entities(sentences: Sequence[Sentence], notes: Notes) -> bool:
    """Whether the tags are of entities; otherwise each is one of its own, such as parts of speech.

    Raises:
        UserError: naming the line, for a single tag among those of entities that is none.
    """
    found = {tag for sentence in sentences for tag in sentence.tags} - {OUTSIDE}
    of_entities = {tag for tag in found if ENTITY.fullmatch(tag)}
    others = found - of_entities
    without_type = {tag for tag in others if ENTITY.fullmatch(f"{tag}X")}
    if not without_type and (not of_entities or len(others) >= len(of_entities)):
        return False
    for sentence in sentences if others else ():
        for tag, line in zip(sentence.tags, sentence.lines, strict=True):
            if tag in (without_type or others):
                raise UserError(
                    f"{notes.path}, {notes.unit} {line}: {tag!r} is no tag of entities, as "
                    f"{OUTSIDE} and {min(of_entities, default='B-PER')} are.",
                    "Mend it, or name another column: tag=2",
                )
    return True


def in_iob2(sentences: Sequence[Sentence], notes: Notes) -> list[Sentence]:
    """Sentences whose tags are of entities, in IOB2; what is changed is counted.

    An `I-` that goes on with no entity of its type begins one. That is what IOB1 means by it, so it
    is an error only in a file that has `B-` where IOB1 has none.
    """
    marks = {tag[0] for sentence in sentences for tag in sentence.tags}
    begins = LONE if marks & AS_IOB2.keys() or not _is_iob1(sentences) else IOB1
    return [replace(one, tags=_as_iob2(one, begins, notes)) for one in sentences]


def _is_iob1(sentences: Sequence[Sentence]) -> bool:
    """Whether each `B-` follows an entity of its type, and some `I-` does not."""
    lone = False
    for sentence in sentences:
        for before, tag in zip([OUTSIDE, *sentence.tags], sentence.tags, strict=False):
            follows = before[2:] == tag[2:]
            if tag.startswith("B-") and not follows:
                return False
            lone |= tag.startswith("I-") and not follows
    return lone


def as_iob2(tags: Sequence[str]) -> list[str]:
    """The tags of a sentence's entities in IOB2; an `I-` that goes on with nothing begins one."""
    return [tag for tag, _ in _settled(tags)]


def _as_iob2(sentence: Sentence, begins: str, notes: Notes) -> list[str]:
    found = []
    for (tag, settled), line in zip(_settled(sentence.tags), sentence.lines, strict=True):
        found.append(tag)
        for what in settled:
            notes.add(begins if what == LONE else what, line)
    return found


def _settled(tags: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each tag in IOB2, with what was settled at it."""
    kind = ""  # of the entity that may go on
    due = False  # whether its last word has to come
    ends = any(tag[0] in AS_IOB2 for tag in tags)
    for place, tag in enumerate(tags):
        mark, of = tag[0], tag[2:]
        new = AS_IOB2.get(mark, mark)
        settled = [RENAMED] * (new != mark)
        goes_on = new == "I" and of == kind
        settled += [UNENDED] * (due and not goes_on)
        if new == "I" and not goes_on:
            new = "B"
            settled.append(LONE)
        kind = of if mark in "BI" else ""
        due = ends and mark in "BI"
        settled += [UNENDED] * (due and place + 1 == len(tags))
        yield OUTSIDE if mark == OUTSIDE else f"{new}-{of}", settled

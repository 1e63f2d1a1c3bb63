"""Sentences of a file of Universal Dependencies, CoNLL-U (https://universaldependencies.org)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tagged.sentence import NO_WORD, Notes, Sentence
from kerastc.errors import UserError, nearest
from kerastc.text.worded import Worded

NAME = ".conllu"
COLUMNS = 10
ID = re.compile(r"[0-9]+([-.][0-9]+)?")
NONE = "_"  # a column without a value; the tag of a word that has none
EMPTY_NODES = "empty nodes, left out"
PARTS = "words of multiword tokens, all of which stand where the token does"
OTHER_TEXT = "sentences whose # text differs from their words, which are taken"
SPACED = "words with white space inside, now without"
UNTAGGED = "words without a value, whose tag is _"
POS = ("upos", "xpos")

Block = list[tuple[int, str]]  # lines of a sentence, with their numbers


def is_conll_u(file: PlainFile) -> bool:
    """Whether a file is CoNLL-U, by its name or its first line that is no comment."""
    if file.extension == NAME:
        return True
    with closing(file.lines(show_progress=False)) as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                cells = line.split("\t")
                return len(cells) == COLUMNS and bool(ID.fullmatch(cells[0]))
    return False


def sentences(file: PlainFile, tag: str | None, notes: Notes) -> Iterator[Sentence]:
    """The sentences of a file, in the text that they were written in.

    The words are the syntactic ones: of the multiword token "del" these are "de" and "el", which
    both stand where "del" does. Empty nodes are left out. Where SpaceAfter=No says so, there is no
    space behind a token.

    Args:
        file: to read.
        tag: "upos", "xpos", or the name of a feature (FEATS), such as "Number"; None if words alone
            are read.
        notes: gets what was settled.

    Raises:
        UserError: naming file and line, for a line that is not CoNLL-U; and for a feature that no
            word has.
    """
    features: Counter[str] = Counter()
    tagged = 0
    for block in _blocks(file):
        sentence, of_words = _sentence(file, block, tag, notes)
        features.update(of_words)
        tagged += any(name != NONE for name in sentence.tags)
        if sentence.text.words:
            yield sentence
        else:
            notes.add(NO_WORD, block[0][0])
    if tag and not tagged and features.total():
        features.pop("", None)
        others = [name for name in (*POS, *features) if name != tag]
        raise UserError(
            f"{file.path}: no word has a value of {tag!r}.",
            f"tag= takes upos, xpos or a feature: {', '.join(sorted(features)) or 'there is none'}."
            f" {nearest(tag, others)}".rstrip(),
        )


def _blocks(file: PlainFile) -> Iterator[Block]:
    block: Block = []
    with closing(file.lines()) as lines:
        for number, line in enumerate(lines, 1):
            line = line.strip("\r\n")
            if line.strip():
                block.append((number, line))
            elif block:
                yield block
                block = []
    if block:
        yield block


def _sentence(
    file: PlainFile, block: Block, tag: str | None, notes: Notes
) -> tuple[Sentence, list[str]]:
    """A sentence, and the features of its words; "" for each word."""
    tokens, metadata = _parsed(file, block)
    lines = [number for number, line in block if not line.startswith("#")]
    text, end, span = "", 0, (0, 0)
    words, spans, tags, numbers, features = [], [], [], [], []
    for token, line in zip(tokens, lines, strict=True):
        first, last, kind = _ids(token["id"])
        if kind == ".":
            notes.add(EMPTY_NODES, line)
            continue
        if kind == "-" or first > end:  # it is written
            if first != len(words) + 1 or (kind and first <= end):
                raise _not_conll_u(file, line, f"the number {_shown(token['id'])} is out of order")
            span = len(text), len(text) + len(token["form"])
            text += token["form"] + " " * ((token["misc"] or {}).get("SpaceAfter") != "No")
            end = last
        if kind == "-":
            notes.add(PARTS, line, last - first + 1)
            continue
        if first != len(words) + 1:
            raise _not_conll_u(file, line, f"the number {first} is out of order")
        word = "".join(token["form"].split())
        notes.add(SPACED, line, word != token["form"])
        words.append(word)
        spans.append(span)
        tags.append(_tag(token, tag))
        numbers.append(line)
        features += ["", *(token["feats"] or {})]
        notes.add(UNTAGGED, line, tags[-1] == NONE and tag in POS)
    if end > len(words):
        raise _not_conll_u(
            file, lines[-1], f"word {len(words) + 1} of a multiword token is missing"
        )
    text = text.rstrip()
    written = metadata.get("text")
    notes.add(OTHER_TEXT, block[0][0], bool(words and written) and written.strip() != text)
    return Sentence(Worded(text, words, spans), tags, numbers), features


def _parsed(file: PlainFile, block: Block) -> tuple[list[dict[str, Any]], Mapping[str, Any]]:
    """The tokens and comments of a sentence, as the package `conllu` reads them."""
    import conllu

    for number, line in block:
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) != COLUMNS:
            told = f"{len(cells)} columns, separated by tabs, where CoNLL-U has {COLUMNS}"
            raise _not_conll_u(file, number, told)
        first, _, last = cells[0].partition("-")
        is_one = ID.fullmatch(cells[0]) and (not last or int(first) < int(last))
        if not is_one:
            raise _not_conll_u(file, number, f"a token with the number {cells[0][:20]!r}")
        if empty := [place for place, cell in enumerate(cells, 1) if not cell.strip()]:
            raise _not_conll_u(file, number, f"column {empty[0]} is empty, where _ stands for none")
    try:
        [found] = conllu.parse("\n".join(line for _, line in block), field_parsers=UNUSED) or [[]]
    except (conllu.exceptions.ParseException, ValueError) as error:
        raise _not_conll_u(file, block[0][0], str(error).rstrip(".")) from None
    return list(found), getattr(found, "metadata", {})


def _as_it_is(line: list[str], place: int) -> str:
    return line[place]


UNUSED = {"head": _as_it_is, "deps": _as_it_is}  # columns that are not read


def _ids(number: int | tuple[int, str, int]) -> tuple[int, int, str]:
    """The first and last word of a token, and "" for a word, "-" for several, "." for a node."""
    if isinstance(number, int):
        return number, number, ""
    first, kind, last = number
    return first, last, kind


def _shown(number: int | tuple[int, str, int]) -> str:
    return str(number) if isinstance(number, int) else "".join(map(str, number))


def _tag(token: Mapping[str, Any], tag: str | None) -> str:
    found = token[tag] if tag in POS else (token["feats"] or {}).get(tag)
    return "_".join((found or NONE).split()) or NONE


def _not_conll_u(file: PlainFile, line: int, what: str) -> UserError:
    return UserError(
        f"{file.path}, line {line}: {what}.",
        "See https://universaldependencies.org/format.html; a blank line ends a sentence.",
    )

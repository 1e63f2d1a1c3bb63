"""A text with what was found in it, for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from kerastc.marked import Marked, Piece
from kerastc.outputs.tags.entities import is_scheme, types


def marked_text(text: str, found: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> Marked:
    """The text in pieces: entities, or words, and what stands between them.

    Args:
        text: as it was given.
        found: `begin` and `end` in characters, `tag` and `probability` of each, in their order.
        labels: the names of the tags.
    """
    colours = {kind: number for number, kind in enumerate(types(labels))}
    pieces, end = [], 0
    for one in found:
        begin, behind, tag = one["begin"], one["end"], one["tag"]
        if not end <= begin < behind:  # a word that the tokenizer dropped has no place
            continue
        if end < begin:
            pieces.append(Piece(text[end:begin]))
        pieces.append(Piece(text[begin:behind], tag, colours[tag], one["probability"]))
        end = behind
    if end < len(text):
        pieces.append(Piece(text[end:]))
    return Marked(tuple(pieces), by_word=not is_scheme(labels))

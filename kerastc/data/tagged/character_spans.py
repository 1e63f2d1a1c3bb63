"""Spans of characters to a tag for each word, in IOB2."""

from collections.abc import Iterator

from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tagged.iob import OUTSIDE
from kerastc.data.tagged.sentence import NO_WORD, Notes, Sentence
from kerastc.data.tagged.span_records import Record, records
from kerastc.text.word_rules import PUNCTUATION
from kerastc.text.worded import Worded

EMPTY = "spans without a character, left out"
OUT = "spans that end outside of their text, left out"
NO_WORDS = "spans without a word, left out"
CUT = "spans that cut a word, now with all of it"
OVERLAPPING = "spans that overlap a longer one, or an earlier one of its length, left out"


def sentences(file: PlainFile, text: str, key: str, notes: Notes) -> Iterator[Sentence]:
    """The texts of a file, their words found by the rule "punctuation"; see `records`."""
    for record in records(file, text, key, notes):
        worded = Worded.of(record.text, PUNCTUATION)
        if worded.words:
            tags = tags_of(worded, record, notes)
            yield Sentence(worded, tags, [record.place] * len(tags))
        else:
            notes.add(NO_WORD, record.place)


def tags_of(text: Worded, record: Record, notes: Notes) -> list[str]:
    """The tag of each word by the spans of the text.

    A span has the words that it shares a character with. Of spans that share a word the longest is
    taken, and the first of the longest.
    """
    tags = [OUTSIDE] * len(text.words)
    for begin, end, label in sorted(record.spans, key=lambda span: (span[0] - span[1], span[0])):
        if begin >= end:
            notes.add(EMPTY, record.place)
            continue
        if begin < 0 or end > len(text):
            notes.add(OUT, record.place)
            continue
        marked = text[begin:end]
        end -= len(marked) - len(marked.rstrip())
        begin += len(marked) - len(marked.lstrip())
        inside = [n for n, (b, e) in enumerate(text.spans.tolist()) if b < end and e > begin]
        if not inside:
            notes.add(NO_WORDS, record.place)
        elif any(tags[n] != OUTSIDE for n in inside):
            notes.add(OVERLAPPING, record.place)
        else:
            first, last = text.spans[inside[0]], text.spans[inside[-1]]
            notes.add(CUT, record.place, bool(first[0] < begin or last[1] > end))
            for n in inside:
                tags[n] = f"I-{label}"
            tags[inside[0]] = f"B-{label}"
    return tags

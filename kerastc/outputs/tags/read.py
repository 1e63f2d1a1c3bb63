"""A user's tagged texts, or texts whose words are given."""

from pathlib import Path

from kerastc.data.tables.reading import Reading
from kerastc.data.tagged.file import read_tagged, read_worded
from kerastc.data.tagged.tagged_texts import TaggedTexts


def labelled(path: Path, reading: Reading) -> TaggedTexts:
    """Texts to measure a model on, in a file of any form; its columns are named as the run's."""
    words = "".join(reading.text)
    return read_tagged(path, reading.label, words, reading.encoding, one_tag=True)


def unlabelled(path: Path, reading: Reading) -> list[str] | None:
    """Texts to tag, with their words; None where a file has none, but tables or lines of text."""
    return read_worded(path, "".join(reading.text), reading.encoding)

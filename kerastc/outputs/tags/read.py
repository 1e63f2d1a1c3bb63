"""A user's tagged sentences."""

from pathlib import Path

from kerastc.data.tables.reading import Reading
from kerastc.data.texts.tagged import TaggedTexts, read_tagged


def labelled(path: Path, reading: Reading) -> TaggedTexts:
    """Sentences to measure a model on, in a file of the form that the run was trained on."""
    return read_tagged(path, reading.label, reading.encoding)

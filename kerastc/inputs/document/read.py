"""A user's documents: read as texts are."""

from pathlib import Path

from kerastc.data.tables.reading import Reading
from kerastc.data.texts.texts import LabelledDocuments
from kerastc.inputs.text.read import TextReader


class DocumentReader(TextReader):
    """See `Reader`."""

    def _table(self, path: str | Path, wanted: Reading) -> LabelledDocuments:
        return LabelledDocuments.of_texts(super()._table(path, wanted))


READER = DocumentReader

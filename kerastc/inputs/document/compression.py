"""How models of documents are compressed: like those of texts."""

from kerastc.inputs.document import UNIT
from kerastc.inputs.text.compression import CompressedText
from kerastc.training.document_config import DocumentClassifierConfig


class CompressedDocuments(CompressedText):
    """See `CompressedInput`."""

    unit = UNIT

    given: DocumentClassifierConfig

    @property
    def config(self) -> DocumentClassifierConfig:
        known = {name: self.preprocessing[name] for name in ("max_tokens", "window", "overlap")}
        return self.given.model_copy(update=known)


INPUT = CompressedDocuments

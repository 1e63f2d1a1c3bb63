"""A user's texts with masks, and corpora to measure on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastc.data.corpus import Corpus
from kerastc.errors import UserError
from kerastc.inputs.stream.joined import Stretch
from kerastc.inputs.stream.masking import Masking
from kerastc.inputs.stream.parts import (
    HELD_OUT,
    StreamPart,
    fingerprint,
    masked_part,
    some_rows,
    verify,
)
from kerastc.inputs.stream.windows import Windows
from kerastc.inputs.text.read import TextReader


class StreamReader(TextReader):
    """See `Reader`; labelled examples are windows of a corpus, masked as in training."""

    def __init__(self, settings: Mapping[str, Any]):
        super().__init__(settings)
        self._settings = settings

    def labelled(self, data: Path, columns: str, label: str, **form: Any) -> StreamPart:
        if not data.is_dir():
            raise UserError(
                f"{data} is no corpus: a language model is measured on the folder of one.",
                "Build it: kerastc corpus build OUT FILES... --tokenizer RUN",
            )
        corpus = Corpus.open(data)
        verify(corpus)
        packed = self._settings["windows"].get("packed", True)
        most = self._settings["max_tokens"]
        return self.part(corpus, some_rows(corpus, HELD_OUT, most, packed))

    def part(self, corpus: Corpus, chosen: list[Stretch]) -> StreamPart:
        """Rows of a corpus as a model of these settings reads them."""
        given = dict(self._settings["windows"])
        packed, share = given.pop("packed"), given.pop("masking")
        masking = Masking.of(corpus.tokenizer, corpus.token_counts, share, 0, **given)
        windows = Windows(chosen, corpus.tokenizer, self._settings["max_tokens"], packed)
        return masked_part(windows, masking, str(corpus.folder), fingerprint(corpus))


READER = StreamReader

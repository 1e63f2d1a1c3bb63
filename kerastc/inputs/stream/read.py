"""A user's texts with masks, and corpora to measure on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastc.data.corpus import Corpus
from kerastc.errors import UserError
from kerastc.inputs.stream.masking import Masking
from kerastc.inputs.stream.parts import HELD_OUT, StreamPart, at_once, fingerprint, masked_part
from kerastc.inputs.stream.windows import Stretch, Windows, held_out
from kerastc.inputs.text.read import TextReader
from kerastc.progress import tell


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
        corpus.verify()
        chosen = [Stretch(shard, 0, len(shard)) for shard in corpus.shards]
        if corpus.rows > HELD_OUT:
            tell(f"{HELD_OUT:,} of the {corpus.rows:,} rows are read, spread evenly over them.")
            size = at_once(corpus, self._settings["max_tokens"])
            chosen = held_out(corpus.shards, HELD_OUT, size)[1]
        given = dict(self._settings["windows"])
        packed, share = given.pop("packed"), given.pop("masking")
        masking = Masking.of(corpus.tokenizer, corpus.token_counts, share, 0, **given)
        windows = Windows(chosen, corpus.tokenizer, self._settings["max_tokens"], packed)
        return masked_part(windows, masking, str(data), fingerprint(corpus))


READER = StreamReader

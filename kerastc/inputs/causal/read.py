"""A user's texts to go on with, and corpora to measure on."""

from kerastc.data.corpus import Corpus
from kerastc.inputs.causal.rows import pieces
from kerastc.inputs.stream.joined import Stream, Stretch
from kerastc.inputs.stream.parts import StreamPart, fingerprint
from kerastc.inputs.stream.read import StreamReader


class CausalReader(StreamReader):
    """See `Reader`; labelled examples are pieces of a corpus, read in the order of its text."""

    def part(self, corpus: Corpus, chosen: list[Stretch]) -> StreamPart:
        told = self._settings["windows"]
        stream = Stream(chosen, corpus.tokenizer, told["direction"] == "backward")
        rows = pieces(stream, told["columns"], told["bptt"])
        return StreamPart(rows, len(rows), str(corpus.folder), fingerprint(corpus))


READER = CausalReader

"""The parts of a corpus that a causal language model is trained on, and validated by."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kerastc.data.corpus import Corpus
from kerastc.errors import UserError
from kerastc.inputs.causal.rows import pieces
from kerastc.inputs.stream.joined import Stream, separators
from kerastc.inputs.stream.parts import Parts, StreamPart, fingerprint, told, two_parts


@dataclass(frozen=True, eq=False)
class CausalParts(Parts):
    """A corpus, divided; in a run it takes the place of `Splits`.

    Args:
        corpus: that is read.
        stream: of the rows to train on.
        bptt: the usual length of a piece of it.
        validation: pieces of the rows held out.
        notes: counts made on the way.
        apart: the corpus that these are of; None: the same.
    """

    corpus: Corpus
    stream: Stream
    bptt: int
    validation: StreamPart
    notes: dict[str, int]
    apart: Corpus | None = None

    @property
    def count(self) -> int:
        """Pieces to train on, of `bptt` tokens."""
        return -(-len(self.stream) // self.bptt)

    @cached_property
    def counts(self) -> np.ndarray:
        """How often the corpus's text has each token, separators included, (vocabulary,) int."""
        found = self.corpus.token_counts.copy()
        found[separators(self.corpus.tokenizer)] += self.corpus.rows
        return found


def in_order(
    corpus: Corpus,
    columns: int,
    bptt: int,
    backward: bool,
    validation_rows: int | None = None,
    apart: Corpus | None = None,
) -> CausalParts:
    """A corpus in two parts, or two corpora.

    Args:
        corpus: whose shards are compared with their checksums first.
        columns: into which the texts are divided, rows of a batch.
        bptt: the usual length of a piece.
        backward: whether the texts are read from their end.
        validation_rows, apart: as in `kerastc.inputs.stream.parts.divided`.

    Raises:
        UserError: as in `two_parts`, or there are fewer than two tokens a column to train on.
    """
    learned, held, notes = two_parts(corpus, apart, validation_rows, bptt * columns, packed=True)
    stream, judged = (Stream(of, corpus.tokenizer, backward) for of in (learned, held))
    if len(stream) <= 2 * columns:
        raise UserError(
            f"batch_size={columns} needs a text of {2 * columns + 1:,} tokens; {corpus.folder} has "
            f"{len(stream):,} to train on.",
            "Give a smaller batch_size, or a larger corpus.",
        )
    rows, source = pieces(judged, columns, bptt), apart or corpus
    validation = StreamPart(rows, len(rows), told(source), fingerprint(source))
    return CausalParts(corpus, stream, bptt, validation, notes, apart)

"""The parts of a corpus that a language model is trained on, and validated by."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from kerastc.data.corpus import Corpus
from kerastc.errors import UserError
from kerastc.inputs.stream.masking import Masking
from kerastc.inputs.stream.rows import MaskedRows
from kerastc.inputs.stream.windows import Windows, held_out
from kerastc.progress import progress

CLASSES = ("word",)  # of labels.txt: what is said is in no list
HELD_OUT = 2000  # rows, if there are ten times as many
VALIDATING = 2**32 - 1  # the epoch of masks that stay the same
READ = 1 << 20  # offsets in memory
UNTESTED = (
    "There is no test part: a language model is judged by rows of the corpus that were held out, "
    "by which the checkpoint was chosen."
)


@dataclass(frozen=True, eq=False)
class StreamPart:
    """Masked windows of a part.

    Args:
        rows: the windows; None of a part that is read while it is trained on.
        count: how many they are.
        source: where they come from, in words.
        fingerprint: of the corpus.
        notes: as in `Labelled`.
    """

    kinds: ClassVar[str] = ""
    classes: ClassVar[tuple[str, ...]] = CLASSES

    rows: MaskedRows | None
    count: int
    source: str = ""
    fingerprint: str = ""
    notes: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.count

    @property
    def examples(self) -> Any:
        """The windows, as an input takes them."""
        return () if self.rows is None else self.rows

    @property
    def written(self) -> np.ndarray:
        """The windows as texts with masks, (n,) object."""
        return np.zeros(0, object) if self.rows is None else self.rows.texts

    @property
    def labels(self) -> list[np.ndarray]:
        """The words behind the masks of each window."""
        return [] if self.rows is None else self.rows.truth

    def matching(self, classes: tuple[str, ...], owner: object) -> "StreamPart":
        """Itself: words are no classes."""
        return self


@dataclass(frozen=True, eq=False)
class CorpusParts:
    """A corpus, divided; in a run it takes the place of `Splits`.

    Args:
        corpus: that is read.
        windows: of the rows to train on.
        masking: of these, anew in each epoch.
        validation: windows of the rows held out, masked once.
        notes: counts made on the way.
    """

    folds: ClassVar[tuple] = ()

    corpus: Corpus
    windows: Windows
    masking: Masking
    validation: StreamPart
    notes: dict[str, int]

    @property
    def train(self) -> StreamPart:
        """The windows to train on, none of which is kept."""
        return StreamPart(None, len(self.windows), self.validation.source)

    @property
    def test(self) -> StreamPart:
        """No windows."""
        return StreamPart(None, 0)

    def as_dict(self) -> dict[str, Any]:
        """Everything that a run records of its data (data.json)."""
        return {
            "source": self.validation.source,
            "fingerprint": self.validation.fingerprint,
            "classes": list(CLASSES),
            "splits": {
                "train": {"rows": len(self.windows)},
                "validation": {"rows": len(self.validation)},
            },
            "notes": self.notes,
            "untested": UNTESTED,
        }


def divided(
    corpus: Corpus,
    max_tokens: int,
    packed: bool,
    validation_rows: int | None,
    **masking: Any,
) -> CorpusParts:
    """A corpus in two parts.

    Args:
        corpus: whose shards are compared with their checksums first.
        max_tokens, packed: as in `Windows`.
        validation_rows: of the corpus; None: `HELD_OUT`, or a tenth.
        masking: arguments of `Masking.of`.

    Raises:
        UserError: a shard is damaged, the tokenizer has no mask, or there are too few rows.
    """
    tokenizer, folder = corpus.tokenizer, corpus.folder
    if tokenizer.mask_id is None:
        raise UserError(
            f"The tokenizer of {folder} has no mask.",
            "Build the corpus with the tokenizer of a masked language model, such as BERT's.",
        )
    held = min(HELD_OUT, corpus.rows // 10) if validation_rows is None else validation_rows
    if not 0 < held <= corpus.rows // 2:
        given = "" if validation_rows is None else f"validation_rows={held}: "
        raise UserError(
            f"{given}{folder} has {corpus.rows:,} rows, of which {held:,} cannot be held out.",
            "A language model needs 10 or more"
            if validation_rows is None
            else f"Give 1 to {corpus.rows // 2}.",
        )
    with progress("Checking the corpus", len(corpus.shards)) as advance:
        for shard in corpus.shards:
            shard.verify()
            advance()
    learned, held_rows = held_out(corpus.shards, held, at_once(corpus, max_tokens))
    windows = Windows(learned, tokenizer, max_tokens, packed)
    apart = Windows(held_rows, tokenizer, max_tokens, packed)
    hides = Masking.of(tokenizer, corpus.token_counts, **masking)
    if not hides.maskable.any():
        raise UserError(f"{folder} has none but special tokens.", "Build it from other texts.")
    notes = {"rows of the corpus held out for validation": held}
    if not packed and (long := rows_over(corpus, windows.room)):
        notes[f"rows of more than {windows.room:,} tokens, which are cut"] = long
    shards = f"{len(corpus.shards)} shard{'s' * (len(corpus.shards) > 1)}"
    validation = masked_part(
        apart,
        hides,
        f"{folder}: {corpus.rows:,} rows, {corpus.tokens:,} tokens in {shards}",
        fingerprint(corpus),
    )
    return CorpusParts(corpus, windows, hides, validation, notes)


def at_once(corpus: Corpus, max_tokens: int) -> int:
    """How many rows to hold out one behind the other, so that most windows of them are full."""
    return max(8, -(-4 * max_tokens * corpus.rows // corpus.tokens))


def masked_part(windows: Windows, masking: Masking, source: str, fingerprint: str) -> StreamPart:
    """All of some windows, masked once, whatever the epoch.

    Args:
        windows: few enough for the memory.
        masking: of them.
        source, fingerprint: as in `StreamPart`.
    """
    rows = windows.read(0, len(windows))
    masked = masking(rows, np.arange(len(rows)), VALIDATING)
    kept = np.flatnonzero(masked.positions.lengths)  # a window of special tokens asks nothing
    found = MaskedRows(masked, windows.tokenizer)[kept]
    return StreamPart(found, len(found), source, fingerprint)


def fingerprint(corpus: Corpus) -> str:
    """A SHA-256 over the tokens of a corpus, by those of its shards."""
    told = [corpus.tokenizer_sha256, *(shard["sha256"] for shard in corpus.record["shards"])]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def rows_over(corpus: Corpus, tokens: int) -> int:
    """How many rows have more tokens than this."""
    return sum(
        int((np.diff(shard.offsets[begin : begin + READ + 1]) > tokens).sum())
        for shard in corpus.shards
        for begin in range(0, len(shard), READ)
    )

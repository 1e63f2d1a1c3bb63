"""The parts of a corpus that a language model is trained on, and validated by."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from kerastc.data.corpus import Corpus
from kerastc.errors import UserError
from kerastc.inputs.stream.joined import Stretch
from kerastc.inputs.stream.masking import Masking
from kerastc.inputs.stream.rows import MaskedRows
from kerastc.inputs.stream.windows import Windows, held_out
from kerastc.processes.place import here
from kerastc.progress import progress, tell

CLASSES = ("word",)  # of labels.txt: what is said is in no list
HELD_OUT = 2000  # rows, if there are ten times as many
VALIDATING = 2**32 - 1  # the epoch of masks that stay the same
READ = 1 << 20  # offsets in memory
UNTESTED = (
    "There is no test part: a language model is judged by the rows that were held out, by which "
    "the checkpoint was chosen."
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


class Parts:
    """What parts of a corpus have in common, whatever is asked of its words.

    Attributes:
        corpus, validation, notes, apart: as in `CorpusParts`.
        count: of examples to train on.
    """

    folds: ClassVar[tuple] = ()

    corpus: Corpus
    validation: StreamPart
    notes: dict[str, int]
    apart: Corpus | None
    count: int

    @property
    def train(self) -> StreamPart:
        """The examples to train on, none of which is kept."""
        return StreamPart(None, self.count, told(self.corpus))

    @property
    def test(self) -> StreamPart:
        """No examples."""
        return StreamPart(None, 0)

    def as_dict(self) -> dict[str, Any]:
        """Everything that a run records of its data (data.json)."""
        record = {
            "source": told(self.corpus),
            "fingerprint": fingerprint(self.corpus),
            "classes": list(CLASSES),
            "splits": {
                "train": {"rows": self.count},
                "validation": {"rows": len(self.validation)},
            },
            "notes": self.notes,
            "untested": UNTESTED,
        }
        if self.apart is not None:
            own = {"source": told(self.apart), "fingerprint": fingerprint(self.apart)}
            record |= {"sources": {"validation": own}}
            together = record["fingerprint"] + own["fingerprint"]
            record["fingerprint"] = hashlib.sha256(together.encode()).hexdigest()
        return record


@dataclass(frozen=True, eq=False)
class CorpusParts(Parts):
    """A corpus, divided; in a run it takes the place of `Splits`.

    Args:
        corpus: that is read.
        windows: of the rows to train on.
        masking: of these, anew in each epoch.
        validation: windows of the rows held out, masked once.
        notes: counts made on the way.
        apart: the corpus that these are of; None: the same.
    """

    corpus: Corpus
    windows: Windows
    masking: Masking
    validation: StreamPart
    notes: dict[str, int]
    apart: Corpus | None = None

    @property
    def token_counts(self) -> np.ndarray:
        """How often each id occurs in either part, (vocabulary,) int64."""
        counts = self.corpus.token_counts
        return counts if self.apart is None else counts + self.apart.token_counts

    @property
    def count(self) -> int:
        """Windows to train on."""
        return len(self.windows)

    @property
    def counts(self) -> np.ndarray:
        """How often the corpus has each token that can be masked, (vocabulary,) int."""
        return np.where(self.masking.maskable, self.corpus.token_counts, 0)


def divided(
    corpus: Corpus,
    max_tokens: int,
    packed: bool,
    validation_rows: int | None = None,
    apart: Corpus | None = None,
    **masking: Any,
) -> CorpusParts:
    """A corpus in two parts, or two corpora.

    Args:
        corpus: whose shards are compared with their checksums first.
        max_tokens, packed: as in `Windows`.
        validation_rows: to hold out; None: `HELD_OUT`, or a tenth.
        apart: to validate by, instead of rows held out; of more than so many rows some are read.
        masking: arguments of `Masking.of`.

    Raises:
        UserError: a shard is damaged, the tokenizer has no mask, there are too few rows, or the two
            have different tokenizers, or the same tokens.
    """
    tokenizer, folder = corpus.tokenizer, corpus.folder
    if tokenizer.mask_id is None:
        raise UserError(
            f"The tokenizer of {folder} has no mask.",
            "Build the corpus with the tokenizer of a masked language model, such as BERT's.",
        )
    learned, held_rows, notes = two_parts(corpus, apart, validation_rows, max_tokens, packed)
    windows = Windows(learned, tokenizer, max_tokens, packed)
    hides = Masking.of(tokenizer, corpus.token_counts, **masking)
    if not hides.maskable.any():
        raise UserError(f"{folder} has none but special tokens.", "Build it from other texts.")
    if not packed and (long := rows_over(corpus, windows.room)):
        notes[f"rows of more than {windows.room:,} tokens, which are cut"] = long
    validation = masked_part(
        Windows(held_rows, tokenizer, max_tokens, packed),
        hides,
        told(apart or corpus),
        fingerprint(apart or corpus),
    )
    if not len(validation):
        raise UserError(f"No token can be masked in what {folder} is validated by.")
    return CorpusParts(corpus, windows, hides, validation, notes, apart)


def two_parts(
    corpus: Corpus,
    apart: Corpus | None,
    validation_rows: int | None,
    max_tokens: int,
    packed: bool,
) -> tuple[list[Stretch], list[Stretch], dict[str, int]]:
    """The rows to train on, those to validate by, and notes; arguments as in `divided`.

    Raises:
        UserError: a shard is damaged, there are too few rows, or two corpora have different
            tokenizers.
    """
    if apart is None:
        _check_rows(corpus, validation_rows)
    elif not corpus.tokenizer.same(apart.tokenizer):
        raise UserError(
            f"{corpus.folder} and {apart.folder} were built with different tokenizers.",
            f"kerastc corpus build OUT FILES... --tokenizer {corpus.folder}",
        )
    elif fingerprint(corpus) == fingerprint(apart):
        raise UserError(
            f"validation={apart.folder} has the same tokens as corpus={corpus.folder}.",
            "Leave validation= out: rows of the corpus are held out then.",
        )
    verify(*([corpus] if apart is None else [corpus, apart]))
    if apart is None:
        held = validation_rows or min(HELD_OUT, corpus.rows // 10)
        learned, held_rows = held_out(corpus.shards, held, at_once(corpus, max_tokens, packed))
        notes = {"rows of the corpus held out for validation": held}
    else:
        learned = [Stretch(shard, 0, len(shard)) for shard in corpus.shards]
        held_rows = some_rows(apart, validation_rows or HELD_OUT, max_tokens, packed)
        notes = {}
    return learned, held_rows, notes


def _check_rows(corpus: Corpus, asked: int | None) -> None:
    """Refuses a corpus of too few rows to hold some out."""
    held = corpus.rows // 10 if asked is None else asked
    if not 0 < held <= corpus.rows // 2:
        given = "" if asked is None else f"validation_rows={held}: "
        most = f"Give 1 to {corpus.rows // 2}."
        raise UserError(
            f"{given}{corpus.folder} has {corpus.rows:,} rows, of which {held:,} cannot be held "
            "out.",
            "A language model needs 10 or more." if asked is None else most,
        )


def verify(*corpora: Corpus) -> None:
    """Compares the shards of corpora with their checksums; processes of a machine divide them.

    Raises:
        UserError: naming a damaged one.
    """
    shards = here().share([shard for corpus in corpora for shard in corpus.shards])
    with progress("Checking the corpus", len(shards)) as advance:
        for shard in shards:
            shard.verify()
            advance()


def some_rows(corpus: Corpus, most: int, max_tokens: int, packed: bool) -> list[Stretch]:
    """All rows of a corpus; of more than so many, as many spread evenly over it, which is told."""
    if corpus.rows <= most:
        return [Stretch(shard, 0, len(shard)) for shard in corpus.shards]
    tell(f"Of the {corpus.rows:,} rows of {corpus.folder} {most:,}, spread evenly, are read.")
    return held_out(corpus.shards, most, at_once(corpus, max_tokens, packed))[1]


def at_once(corpus: Corpus, max_tokens: int, packed: bool) -> int:
    """How many rows to hold out one behind the other, so that most windows of them are full."""
    return max(8, -(-4 * max_tokens * corpus.rows // corpus.tokens) if packed else 0)


def told(corpus: Corpus) -> str:
    """A corpus in words."""
    shards = f"{len(corpus.shards)} shard{'s' * (len(corpus.shards) > 1)}"
    return f"{corpus.folder}: {corpus.rows:,} rows, {corpus.tokens:,} tokens in {shards}"


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

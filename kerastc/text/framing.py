"""Special tokens around one text or two, and truncation of rows that are too long.

The post-processor in a `tokenizer.json` defines which tokens go before, between and after. They
are added, and texts are cut, in arrays of many rows at once: the ids are those that the
`tokenizers` library gives, without its objects for what is cut off, whose number grows with the
product of the lengths of a pair.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np
import tokenizers

from kerastc.errors import UserError
from kerastc.text.encoded import Encoded
from kerastc.text.ragged import Ragged, spans


@dataclass(frozen=True)
class Part:
    """n spans of texts' tokens.

    Args:
        columns: "ids" and, if asked for, "offsets" and "words" of all tokens.
        starts, lengths: (n,) int64, of each span.
        full: number of tokens in the span's text, (n,) int64.
    """

    columns: dict[str, np.ndarray]
    starts: np.ndarray
    lengths: np.ndarray
    full: np.ndarray

    def spans(self, starts: np.ndarray, lengths: np.ndarray) -> "Part":
        """Other spans of the same tokens."""
        return replace(self, starts=starts, lengths=lengths)

    def of(self, column: np.ndarray) -> np.ndarray:
        """The spans' values in a column, concatenated."""
        return column[spans(self.starts, self.lengths)]


@dataclass(frozen=True)
class Frame:
    """The special tokens of a row.

    Args:
        ids: of those before, between and after the texts, (tokens,) int32 each.
        segments: of the same tokens, uint8.
        own: segment of each text.
    """

    ids: tuple[np.ndarray, ...]
    segments: tuple[np.ndarray, ...]
    own: tuple[int, ...]

    @classmethod
    def of(cls, engine: tokenizers.Tokenizer, texts: int) -> "Frame":
        """The frame around one text or two, derived from an example.

        Raises:
            UserError: the post-processor does more than put tokens around texts in order.
        """
        example = _example(engine)
        encoding = engine.encode(*[example] * texts)
        inner = engine.encode(example, add_special_tokens=False).ids
        of = np.array([-1 if i is None else i for i in encoding.sequence_ids])
        ids, segments = np.array(encoding.ids, np.int32), np.array(encoding.type_ids, np.uint8)
        tokens = [np.flatnonzero(of == number) for number in range(texts)]
        first = [int(at[0]) if len(at) else -1 for at in tokens]
        sound = all(
            list(ids[at]) == inner
            and np.ptp(at) == len(at) - 1
            and len(set(segments[at].tolist())) == 1
            for at in tokens
            if len(at)
        )
        if not sound or min(first) < 0 or first != sorted(first):
            raise UserError(
                f"The tokenizer arranges {texts} text(s) in an unknown way: {encoding.tokens}."
            )
        edges = [0, *(edge for at in tokens for edge in (at[0], at[-1] + 1)), len(ids)]
        around = [slice(*edges[i : i + 2]) for i in range(0, len(edges), 2)]
        return cls(
            tuple(ids[part] for part in around),
            tuple(segments[part] for part in around),
            tuple(int(segments[at[0]]) for at in tokens),
        )

    @property
    def size(self) -> int:
        """How many special tokens a row has."""
        return sum(map(len, self.ids))

    @cached_property
    def has_segments(self) -> bool:
        """Whether any token is in another segment than 0."""
        return any(self.own) or any(segments.any() for segments in self.segments)

    def rows(
        self, parts: list[Part], room: int, stride: int | None, first: int | None, begin: int
    ) -> Encoded:
        """The rows of texts, or pairs: cut, or windows; see `Tokenizer.encode`.

        Args:
            parts: one or two, of whole texts.
            room: the most tokens of a row without special ones.
            stride, first: as in `Tokenizer.encode`.
            begin: number of the first text.
        """
        *before, last = parts
        texts = begin + np.arange(len(last.lengths))
        if stride is not None:
            cut = np.zeros(len(texts), bool)
            if first is not None:
                cut = np.any([part.lengths > first for part in before], axis=0) | cut
                before = [p.spans(p.starts, np.minimum(p.lengths, first)) for p in before]
            rest = room - sum((part.lengths for part in before), np.zeros(len(texts), np.int64))
            if not 0 <= stride < rest.min(initial=stride + 1):
                raise UserError(
                    f"stride={stride} is not possible: the least window has {rest.min()} tokens.",
                    "Give 0 to less than that, or a larger max_length.",
                )
            of, starts, lengths = _windows(last.starts, last.lengths, rest, stride)
            parts = [part.spans(part.starts[of], part.lengths[of]) for part in before]
            parts.append(last.spans(starts, lengths))
            return self.around(parts, cut[of], texts[of])
        full = [part.full for part in parts]
        kept = _longest_first(*full, room) if before else [np.minimum(*full, room)]
        cut = np.any([size < whole for size, whole in zip(kept, full, strict=True)], axis=0)
        parts = [part.spans(part.starts, size) for part, size in zip(parts, kept, strict=True)]
        return self.around(parts, cut, texts)

    def around_ids(
        self, encodings: list[tokenizers.Encoding], room: int, begin: int = 0
    ) -> Encoded:
        """As `around` for single texts if only ids are needed, at half the cost.

        Args:
            encodings: without special tokens.
            room: the most tokens of a text.
            begin: number of the first text.
        """
        start, end = (ids.tolist() for ids in self.ids)
        rows = [[*start, *encoding.ids[:room], *end] for encoding in encodings]
        ids = np.fromiter(chain.from_iterable(rows), np.int32)
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        ends = np.cumsum(lengths)
        special = np.zeros(len(ids), bool)
        for offset in range(len(start)):
            special[ends - lengths + offset] = True
        for offset in range(len(end)):
            special[ends - 1 - offset] = True
        full = np.fromiter(map(len, encodings), np.int64, len(rows))
        texts = np.arange(begin, begin + len(rows))
        return Encoded(
            Ragged(ids, lengths), special=Ragged(special, lengths), cut=full > room, texts=texts
        )

    def around(self, parts: list[Part], cut: np.ndarray, texts: np.ndarray) -> Encoded:
        """The rows, each with its spans from all parts.

        Args:
            parts: one or two, of n spans.
            cut, texts: as in `Encoded`.
        """
        lengths = np.full(len(texts), self.size)
        for part in parts:
            lengths += part.lengths
        total = int(lengths.sum())
        found = {"ids": np.empty(total, np.int32), "special": np.ones(total, bool)}
        for name, column in parts[0].columns.items():
            if name != "ids":
                empty = -1 if name == "words" else 0
                found[name] = np.full((total, *column.shape[1:]), empty, np.int32)
        if self.has_segments:
            found["segments"] = np.zeros(total, np.uint8)
        at = np.cumsum(lengths) - lengths
        for number, ids in enumerate(self.ids):
            for offset, token in enumerate(ids):
                found["ids"][at + offset] = token
                if "segments" in found:
                    found["segments"][at + offset] = self.segments[number][offset]
            at = at + len(ids)
            if number < len(parts):
                part = parts[number]
                places = spans(at, part.lengths)
                for name, column in part.columns.items():
                    found[name][places] = part.of(column)
                found["special"][places] = False
                if "segments" in found:
                    found["segments"][places] = self.own[number]
                at = at + part.lengths
        columns = {name: Ragged(values, lengths) for name, values in found.items()}
        return Encoded(**columns, cut=cut, texts=texts)


def _example(engine: tokenizers.Tokenizer) -> str:
    """A text that has tokens."""
    vocabulary = (engine.id_to_token(i) or "" for i in range(engine.get_vocab_size()))
    for text in chain(("a", "0"), vocabulary):
        if engine.encode(text, add_special_tokens=False).ids:
            return text
    raise UserError("The tokenizer makes no token of any text.")


def _longest_first(
    first: np.ndarray, second: np.ndarray, room: int
) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of tokens to which the texts of n pairs are cut, the longer one first.

    As in the `tokenizers` library: if both are longer than half, both get half, and the longer one,
    or the second, gets a leftover token.

    Args:
        first, second: tokens of each, (n,) int.
        room: tokens for both.
    """
    least, most = np.minimum(first, second), np.maximum(first, second)
    longer = np.minimum(most, np.maximum(room - least, room - room // 2))
    shorter = np.minimum(least, room - longer)
    swapped = first > second
    return np.where(swapped, longer, shorter), np.where(swapped, shorter, longer)


def _windows(
    starts: np.ndarray, lengths: np.ndarray, room: np.ndarray, stride: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows that cover n spans.

    Args:
        starts, lengths: (n,) int, of the spans.
        room: tokens per window, (n,) int.
        stride: tokens that a window repeats from the end of the previous one.

    Returns:
        the span's number, start and length of each window, (windows,) int64 each.
    """
    step = room - stride
    count = 1 + np.maximum(0, -(-(lengths - room) // step))
    of = np.repeat(np.arange(len(lengths)), count)
    behind = spans(np.zeros_like(count), count) * step[of]
    return of, starts[of] + behind, np.minimum(room[of], lengths[of] - behind)

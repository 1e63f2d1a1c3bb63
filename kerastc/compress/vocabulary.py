"""Vocabulary: the table of tokens keeps those that can occur, the table of places the length.

    vocabulary                     the tokens of the training texts, and every single character
    vocabulary:min_count=3         a rarer token gives way to its pieces
    vocabulary:corpus=texts.csv    and the tokens of these texts

Texts whose tokens all stay get the same logits as before.
"""

import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kerastc.capabilities import Capability
from kerastc.compress.step import Step
from kerastc.errors import UserError
from kerastc.training.config import Count

if TYPE_CHECKING:
    from kerastc.compress.work import Work
    from kerastc.text.tokenizer import Tokenizer


class Vocabulary(Step):
    """Cuts both tables of a text model and rewrites its tokenizer."""

    name: ClassVar[str] = "vocabulary"
    capability: ClassVar[Capability | None] = Capability.TOKENS

    min_count: Count = 1  # times that a token must occur to stay
    corpus: str = ""  # a file of further texts whose tokens stay

    def check(self, before: list[Step]) -> None:
        if any(step.name == "vocabulary" for step in before):
            raise UserError("vocabulary stands twice; the second would find nothing to cut.")

    def apply(self, work: "Work") -> dict[str, Any]:
        from kerastc.compress.places import put, rebuilt
        from kerastc.inputs.text.batches import SHAPES
        from kerastc.models import encoder_layer
        from kerastc.models.compact_encoder import with_rows

        task = work.task
        model = task.compact(work.model)
        encoder = encoder_layer(model)
        length = min(task.preprocessing["max_tokens"], encoder.max_length)
        texts = self._texts(task)
        tokenizer, kept = _frequent(task.tokenizer, texts, length, self.min_count)
        before = (encoder.tokens.input_dim, encoder.max_length)
        put(encoder, "tokens", with_rows(encoder.tokens, kept))
        # On any backend a batch of the longest texts may be padded so far.
        multiple = math.lcm(*(multiple for _, multiple in SHAPES.values()))
        places = min(-(-length // multiple) * multiple, encoder.max_length)
        put(encoder, "positions", with_rows(encoder.positions, np.arange(places)))
        task.tokenizer = tokenizer
        work.model = rebuilt(model, lambda layer: layer)
        return {"tokens": [before[0], len(kept)], "places": [before[1], places]}

    def _texts(self, task) -> np.ndarray:
        """The prepared texts whose tokens stay."""
        texts = list(task.splits.train.examples)
        if self.corpus:
            from kerastc.data.reading import Reading
            from kerastc.data.text_file import further_texts

            texts += further_texts(self.corpus, Reading.of(task.preprocessing))
        return task.config.preparation.apply(texts)


def _frequent(
    tokenizer: "Tokenizer", texts: np.ndarray, length: int, least: int
) -> "tuple[Tokenizer, np.ndarray]":
    """The tokenizer restricted to the tokens that the texts have so often, and their old ids."""
    from kerastc.text.restricted import restricted

    counts = _counts(tokenizer, texts, length)
    if least == 1:
        return restricted(tokenizer, np.flatnonzero(counts))
    # Without the rare tokens first, so that the pieces they fall into are counted.
    rare = (counts > 0) & (counts < least)
    between, ids = restricted(tokenizer, np.flatnonzero(~rare))
    again = np.flatnonzero(_counts(between, texts, length) >= least)
    return restricted(tokenizer, ids[again])


def _counts(tokenizer: "Tokenizer", texts: np.ndarray, length: int) -> np.ndarray:
    """How often each token occurs in the texts, (tokens,) int."""
    rows = tokenizer.encode(texts, length)
    return np.bincount(rows.ids.values, minlength=tokenizer.vocabulary_size)

"""Vocabulary: cuts the token table to tokens that can occur, the position table to the length.

    vocabulary                     keeps the tokens of the training texts and all single characters
    vocabulary:min_count=3         splits rarer tokens into pieces
    vocabulary:corpus=texts.csv    also keeps the tokens of these texts

Texts whose tokens are all kept get the same logits as before.
"""

import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kerastc.capabilities import Capability
from kerastc.compress.steps.step import Step
from kerastc.errors import UserError
from kerastc.training.config import Count

if TYPE_CHECKING:
    from collections.abc import Callable

    from kerastc.compress.work import Work
    from kerastc.inputs.compression import CompressedInput
    from kerastc.text.encoded import Encoded
    from kerastc.text.tokenizer import Tokenizer


class Vocabulary(Step):
    """Cuts both tables of a text model and rewrites its tokenizer."""

    name: ClassVar[str] = "vocabulary"
    capability: ClassVar[Capability | None] = Capability.TOKENS

    min_count: Count = 1  # how often a token must occur to stay
    corpus: str = ""  # a file of further texts whose tokens stay

    def check(self, before: list[Step]) -> None:
        if any(step.name == "vocabulary" for step in before):
            raise UserError("vocabulary occurs twice; the second would find nothing to cut.")

    def apply(self, work: "Work") -> dict[str, Any]:
        from kerastc.inputs.text.batches import SHAPES
        from kerastc.models import compact, encoder_layer
        from kerastc.models.compact_encoder import with_rows
        from kerastc.models.layer_paths import put, rebuilt

        shown = work.subject.input
        model = compact(work.model)
        encoder = encoder_layer(model)
        length = shown.preprocessing["max_tokens"]
        examples, corpus = work.subject.splits.train.examples, self._corpus(shown)

        def counts(tokenizer: "Tokenizer") -> np.ndarray:
            """How often each token occurs, (tokens,) int."""
            found = _counts(shown.encoded(examples, tokenizer, length), tokenizer)
            if corpus:
                found = found + _counts(shown.encoded_texts(corpus, tokenizer, length), tokenizer)
            return found

        tokenizer, kept = _frequent(shown.tokenizer, counts, self.min_count)
        before = (encoder.tokens.input_dim, encoder.max_length)
        put(encoder, "tokens", with_rows(encoder.tokens, kept))
        # On every backend a batch of the longest texts may be padded this far.
        multiple = math.lcm(*(multiple for _, multiple in SHAPES.values()))
        places = min(-(-shown.read_at_once // multiple) * multiple, encoder.max_length)
        put(encoder, "positions", with_rows(encoder.positions, np.arange(places)))
        shown.tokenizer = tokenizer
        work.model = rebuilt(model, lambda layer: layer)
        return {"tokens": [before[0], len(kept)], "places": [before[1], places]}

    def _corpus(self, shown: "CompressedInput") -> list[str]:
        """Further texts whose tokens stay."""
        if not self.corpus:
            return []
        from kerastc.data.tables.reading import Reading
        from kerastc.data.texts.text_file import further_texts

        return further_texts(self.corpus, Reading.of(shown.preprocessing))


def _counts(rows: "Encoded", tokenizer: "Tokenizer") -> np.ndarray:
    return np.bincount(rows.ids.values, minlength=tokenizer.vocabulary_size)


def _frequent(
    tokenizer: "Tokenizer", counts_of: "Callable[[Tokenizer], np.ndarray]", least: int
) -> "tuple[Tokenizer, np.ndarray]":
    """The tokenizer restricted to tokens that occur often enough, and their old ids.

    Args:
        tokenizer: of the model.
        counts_of: how often each token of a tokenizer occurs, (tokens,) int.
        least: how often a token must occur to stay.
    """
    from kerastc.text.restricted import restricted

    counts = counts_of(tokenizer)
    if least == 1:
        return restricted(tokenizer, np.flatnonzero(counts))
    # Without the rare tokens first, so that the pieces they fall into are counted.
    rare = (counts > 0) & (counts < least)
    between, ids = restricted(tokenizer, np.flatnonzero(~rare))
    again = np.flatnonzero(counts_of(between) >= least)
    return restricted(tokenizer, ids[again])

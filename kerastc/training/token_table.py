"""A large table of tokens, cut before training to the tokens that the data can produce.

Of a multilingual encoder the table is most of the parameters, and an optimizer would move and decay
every row of it at each step. What the texts are cut into stays the same, and so do their vectors.
"""

from typing import TYPE_CHECKING

import numpy as np

from kerastc.models import Encoder
from kerastc.tasks import TASKS
from kerastc.text.restricted import is_restrictable

if TYPE_CHECKING:
    from kerastc.data.splits import Splits
    from kerastc.training.config import TextClassifierConfig

LARGE = 100_000  # rows; tables of one language, of about 30,000, are left as they are


def with_used_tokens(
    encoder: Encoder, splits: "Splits", config: "TextClassifierConfig"
) -> tuple[Encoder, str]:
    """The encoder without the tokens that neither training nor validation examples have.

    Single characters stay, so that a word of a new text falls into shorter pieces. Where the
    encoder is frozen, no row is trained, and all of them stay.

    Args:
        encoder: as it was loaded.
        splits: test examples are not looked at: they are read as any new text will be.
        config: says how examples are encoded.

    Returns:
        the encoder, and a line that says what was done; empty where it stays as it is.
    """
    tokenizer, rows = encoder.tokenizer, encoder.layer.tokens.input_dim
    if config.trainable == "head" or rows < LARGE or not is_restrictable(tokenizer):
        return encoder, ""
    length = min(config.max_tokens or encoder.max_length, encoder.max_length)
    parts = (splits.train, splits.validation)
    used = np.unique(
        np.concatenate(
            [config.encoded(tokenizer, part.examples, length).ids.values for part in parts]
        )
    )
    smaller = encoder.restricted(used)
    left = smaller.tokenizer.vocabulary_size
    if 2 * left > rows:
        return encoder, ""
    units = TASKS[config.task].units
    return smaller, (
        f"Of {rows:,} tokens the training and validation {units} can produce {len(used):,}: the "
        f"table is cut to these and to single characters, {left:,}."
    )

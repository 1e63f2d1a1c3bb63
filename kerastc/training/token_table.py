"""A large table of tokens is cut for training to the tokens that the data can produce.

Of a multilingual encoder the table is most of the parameters, and an optimizer would move and decay
every row of it at each step. The examples are cut into the same tokens as before, and
`Encoder.restored` gives the trained model all other tokens back: a new text needs them.
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
    """The encoder without the tokens that no example has, where its large table is trained.

    Args:
        encoder: as it was loaded.
        splits: the examples of all parts: those of the test part are then encoded as they would be
            by the whole encoder, and no gradient reaches their rows.
        config: says how examples are encoded, and what is trained.

    Returns:
        the encoder, and a line that says what was done; empty where it stays as it is.
    """
    rows = encoder.layer.tokens.input_dim
    if config.trainable != "all" or rows < LARGE or not is_restrictable(encoder.tokenizer):
        return encoder, ""
    length = min(config.max_tokens or encoder.max_length, encoder.max_length)
    used = np.unique(config.encoded(encoder.tokenizer, splits.data.examples, length).ids.values)
    smaller = encoder.restricted(used)
    if 2 * smaller.layer.tokens.input_dim > rows:
        return encoder, ""
    units = TASKS[config.task].units
    return smaller, (
        f"Of {rows:,} tokens the {units} can produce {len(used):,}: the table is cut to these for "
        "training."
    )

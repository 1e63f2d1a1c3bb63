"""A large token table is loaded with the tokens that the data can produce, if it is trained.

In a multilingual encoder the table is most of the parameters, and an optimizer would move and decay
every row of it in each step. The examples have the same tokens as before, and `Encoder.restored`
gives the trained model all other tokens back: new texts need them.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from kerastc.models import Encoder, load_encoder
from kerastc.progress import tell
from kerastc.run import Run
from kerastc.tasks import TASKS
from kerastc.text.restricted import is_restrictable

if TYPE_CHECKING:
    from kerastc.data.splits import Splits
    from kerastc.text.tokenizer import Tokenizer
    from kerastc.training.config import FineTuningConfig

LARGE = 100_000  # rows; tables of one language, of about 30,000, are left as they are
MOST = 1 << 20  # tokens, if the settings have no limit


def reached(
    tokenizer: "Tokenizer", rows: int, tokens: Callable[[], np.ndarray]
) -> np.ndarray | None:
    """The tokens that some examples have, (tokens,) int; None if the table should stay whole.

    That is a small table, one whose tokenizer cannot be cut, and one of which half is in use.

    Args:
        tokenizer: with all tokens.
        rows: of the token table.
        tokens: the ids of all tokens of the examples, (n,) int; asked for only of a large table.
    """
    if rows < LARGE or tokenizer.vocabulary_size > rows or not is_restrictable(tokenizer):
        return None
    ids = np.unique(tokens())
    return None if 2 * len(ids) > rows else ids


def tell_cut(tokens: int, reached: int, units: str) -> None:
    """Says that a table is cut for a training.

    Args:
        tokens: of the whole tokenizer.
        reached: those of the examples.
        units: what the examples are called.
    """
    tell(
        f"Of {tokens:,} tokens the {units} can produce {reached:,}: the table is cut to "
        "these for training."
    )


def encoder_for(splits: "Splits", config: "FineTuningConfig", run: Run) -> Encoder:
    """The config's encoder, with the layers that it asks for.

    If its table is large and trained, it has the tokens of the examples alone. Those of the
    test part count, so that it is encoded as by the whole encoder; no gradient reaches their rows.
    What is left out is told, but not for each fold.

    Raises:
        UserError: as in `load_encoder` and `Encoder.lowest`.
    """
    found: list[np.ndarray] = []

    @cache  # asked for again where all tokens had to be loaded first
    def used(tokenizer: "Tokenizer", rows: int) -> np.ndarray | None:
        if config.trainable != "all":
            return None
        length, examples = config.max_tokens or config.longest(MOST), splits.data.examples
        ids = reached(
            tokenizer, rows, lambda: config.encoded(tokenizer, examples, length).ids.values
        )
        if ids is not None:
            found[:] = [ids]
        return ids

    encoder = load_encoder(config.backbone, config.pairs, config.weights == "random", used)
    if encoder.cut is not None and not run.inner:
        whole = encoder.cut.tokenizer.vocabulary_size
        tell_cut(whole, len(found[0]), TASKS[config.task].units)
    return encoder if config.layers is None else encoder.lowest(config.layers)

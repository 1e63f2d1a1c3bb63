"""A large token table is loaded with the tokens that the data can produce, if it is trained.

In a multilingual encoder the table is most of the parameters, and an optimizer would move and decay
every row of it in each step. The examples have the same tokens as before, and `Encoder.restored`
gives the trained model all other tokens back: new texts need them.
"""

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


def encoder_for(splits: "Splits", config: "FineTuningConfig", run: Run) -> Encoder:
    """The config's encoder; if its table is large and trained, with the tokens of the examples.

    Those of the test part count, so that it is encoded as by the whole encoder; no gradient
    reaches their rows. What is left out is told, but not for each fold.

    Raises:
        UserError: as in `load_encoder`.
    """
    found: list[np.ndarray] = []

    @cache  # asked for again where all tokens had to be loaded first
    def used(tokenizer: "Tokenizer", rows: int) -> np.ndarray | None:
        large = rows >= LARGE and tokenizer.vocabulary_size <= rows
        if config.trainable != "all" or not large or not is_restrictable(tokenizer):
            return None
        length = config.max_tokens or config.longest(MOST)
        ids = np.unique(config.encoded(tokenizer, splits.data.examples, length).ids.values)
        if 2 * len(ids) > rows:
            return None
        found[:] = [ids]
        return ids

    encoder = load_encoder(config.backbone, config.pairs, config.weights == "random", used)
    if encoder.cut is not None and not run.inner:
        rows, units = encoder.cut.tokenizer.vocabulary_size, TASKS[config.task].units
        tell(
            f"Of {rows:,} tokens the {units} can produce {len(found[0]):,}: the table is cut to "
            "these for training."
        )
    return encoder

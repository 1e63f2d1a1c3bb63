"""A step's training moves those rows of a large token table that its examples reach.

As in `kerastc.training.token_table`: an optimizer would move and decay all others in each update,
with moments of their own. The examples have the same tokens as before.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from kerastc.compress.work import Work
from kerastc.models.conversion import with_table
from kerastc.models.parts import encoder_layer
from kerastc.models.token_cut import token_cut
from kerastc.text.tokenizer import Tokenizer
from kerastc.training.token_table import reached, tell_cut

# From a model with all tokens to one with those of a training.
Cut = Callable[[keras.Model], keras.Model]
# From the rows of a table that no example reaches to those that the trained model gets.
Unreached = Callable[[np.ndarray], np.ndarray]


@contextmanager
def reached_tokens(work: Work, more: Sequence[Any], unreached: Unreached | None) -> Iterator[Cut]:
    """Cuts a large table for a training, and gives the trained model all tokens back.

    Test rows do not count: they are read by the whole model.

    Args:
        work: its model and tokenizer are replaced in between.
        more: the training examples without labels.
        unreached: None puts the other rows back as they were.

    Yields:
        what cuts another model of the same tokenizer in the same way.
    """
    encoder, shown, splits = encoder_layer(work.model), work.subject.input, work.subject.splits

    def tokens() -> np.ndarray:
        parts = (splits.train.examples, more, splits.validation.examples)
        length = shown.preprocessing["max_tokens"]
        return shown.encoded(np.concatenate(parts), shown.tokenizer, length).ids.values

    def used(tokenizer: Tokenizer, rows: int) -> np.ndarray | None:
        ids = reached(tokenizer, rows, tokens)
        if ids is not None:
            tell_cut(tokenizer.vocabulary_size, len(ids), work.subject.task.units)
        return ids

    tokenizer, cut = None, None
    if encoder is not None:
        rows = encoder.tokens.input_dim
        tokenizer, cut = token_cut(shown.tokenizer, rows, lambda: encoder.table().copy(), used)
    if cut is None:
        yield lambda model: model
        return

    def few(model: keras.Model) -> keras.Model:
        return with_table(model, lambda table: table[cut.kept])

    def whole(trained: np.ndarray) -> np.ndarray:
        table = cut.filled(trained)
        if unreached is not None:
            others = np.setdiff1d(np.arange(len(table)), cut.kept)
            table[others] = unreached(table[others])
        return table

    shown.tokenizer, work.model = tokenizer, few(work.model)
    yield few
    shown.tokenizer, work.model = cut.tokenizer, with_table(work.model, whole)

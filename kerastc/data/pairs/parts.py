"""Training, validation and test pairs: no pair in two parts, and no first text by default."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from kerastc.data.pairs.duplicates import find_pair_duplicates
from kerastc.data.pairs.pairs import LabelledPairs
from kerastc.data.splits import Splits
from kerastc.data.texts.duplicates import Seen
from kerastc.data.texts.text_parts import TextParts, split_texts


def split_pairs(
    data: LabelledPairs,
    parts: TextParts,
    read: Callable[[str], LabelledPairs],
    seed: int,
    train_fraction: float = 1.0,
    seen: Seen | None = None,
) -> Splits:
    """As `split_texts`, for pairs.

    Parts and folds that are drawn have no first text in common: all pairs of a premise are in one
    of them, also those of nearly the same premise. Of parts in files of their own, equal pairs
    alone are left out of training; how many pairs have a first text of training is counted.

    Args and errors as of `split_texts`.
    """
    splits = split_texts(data, parts, read, seed, train_fraction, seen, find=find_pair_duplicates)
    together = splits.duplicates.together
    trained_on = together[splits.train_rows]
    notes = {
        f"{part} pairs whose first text is one of training, or nearly": int(
            np.isin(together[getattr(splits, f"{part}_rows")], trained_on).sum()
        )
        for part in ("validation", "test")
    }
    found = {what: count for what, count in notes.items() if count}
    return replace(splits, notes=splits.notes | found) if found else splits

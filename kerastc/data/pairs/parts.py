"""Training, validation and test pairs: no pair, and by default no first text, in two parts."""

from collections.abc import Callable

from kerastc.data.pairs.duplicates import find_pair_duplicates
from kerastc.data.pairs.pairs import LabelledPairs
from kerastc.data.splits import Splits
from kerastc.data.texts.duplicates import Seen
from kerastc.data.texts.text_parts import TextParts, split_texts, with_known_counted


def split_pairs(
    data: LabelledPairs,
    parts: TextParts,
    read: Callable[[str], LabelledPairs],
    seed: int,
    train_fraction: float = 1.0,
    seen: Seen | None = None,
) -> Splits:
    """As `split_texts`, for pairs.

    Parts and folds that are drawn have no first text in common: all pairs with a premise, or nearly
    the same one, are in one of them. If parts have files of their own, only equal pairs are left
    out of training; pairs with a first text from training are counted.

    Args and errors as in `split_texts`.
    """
    splits = split_texts(data, parts, read, seed, train_fraction, seen, find=find_pair_duplicates)
    return with_known_counted(splits, "pairs whose first text is one of training, or nearly")

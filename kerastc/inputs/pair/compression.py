"""How models of pairs of texts are compressed: like those of texts."""

from collections.abc import Hashable, Iterator, Sequence

import numpy as np

from kerastc.data.pairs.file import unlabelled_pairs
from kerastc.data.tables.reading import Reading
from kerastc.data.tables.table_folder import part_location
from kerastc.data.texts.duplicates import normal_text
from kerastc.inputs.pair import UNIT
from kerastc.inputs.text.compression import CompressedText
from kerastc.progress import tell
from kerastc.training.pair_config import PairClassifierConfig


class CompressedPairs(CompressedText):
    """See `CompressedInput`; examples are (n, 2)."""

    unit = UNIT

    given: PairClassifierConfig

    def _further(self, path: str) -> np.ndarray:
        location = part_location(path, "train")
        pairs, origin = unlabelled_pairs(location, Reading.of(self.preprocessing))
        tell(f"Read {len(pairs):,} pairs of {location} from {origin}.")
        return pairs

    def _seen(self, examples: np.ndarray) -> list[Hashable]:
        return [tuple(map(normal_text, pair)) for pair in self.config.seen(examples)]

    def content(self, examples: Sequence[Sequence[str]]) -> Iterator[bytes]:
        return super().content(text for pair in examples for text in pair)


INPUT = CompressedPairs

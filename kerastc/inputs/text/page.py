"""How a report shows and describes texts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastc.report.input_page import InputPage


class TextPage(InputPage):
    """See `InputPage`."""

    duplicates = {
        "exact": "Rows that repeat a text exactly",
        "near": "Rows that repeat a text nearly",
        "seen": "Groups of texts that differ only in what the model does not see",
        "conflicting": "Rows whose text, or one near it, has more than one class",
        "groups": "Groups of equal or near texts",
    }

    def lengths(self, examples: np.ndarray) -> np.ndarray:
        return np.array([len(text) for text in examples])

    def baseline(self, name: str, part: str) -> str:
        of = "one to three characters" if "character" in name else "words and pairs of words"
        return (
            f"TF-IDF of {of} with logistic regression, fitted on the same training texts and "
            f"measured on the same {part} texts: the figure to beat."
        )

    def notes(self, described: Sequence[Mapping[str, Any]]) -> list[str]:
        if len({_seen(data) for data in described}) < 2:
            return []
        return [
            "Which texts count as duplicates depends on preparation and max_tokens, which differ "
            "here: the parts were drawn differently, and the figures are for different rows. Parts "
            "given as files are the same for all: validation=FILE test=FILE."
        ]


def _seen(data: Mapping[str, Any]) -> int:
    """How many groups of texts were joined before the draw because the model sees them alike.

    Nothing is drawn if parts have files of their own.
    """
    return 0 if data.get("sources") else (data.get("duplicates") or {}).get("seen", 0)


PAGE = TextPage

"""How a report shows and describes pairs of texts."""

import numpy as np

from kerastc.inputs.text.page import TextPage


class PairPage(TextPage):
    """See `InputPage`."""

    duplicates = {
        "exact": "Rows that repeat a pair exactly",
        "near": "Rows that repeat a pair nearly, or turned round",
        "seen": "Groups of pairs that differ only in what the model does not see",
        "conflicting": "Rows whose pair, or one near it, has more than one class",
        "shared": "Rows whose first text, or one near it, another pair has, too",
    }

    def lengths(self, examples: np.ndarray) -> np.ndarray:
        """Of both texts together."""
        return np.array([sum(map(len, pair)) for pair in examples])

    def baseline(self, name: str, part: str) -> str:
        of = "one to three characters" if "character" in name else "words and pairs of words"
        return (
            f"TF-IDF of {of} with logistic regression; each is marked by the text that it is in, "
            "the first, the second or both, and how much the texts have in common is counted, too. "
            f"Fitted on the same training pairs and measured on the same {part} pairs: the figure "
            "to beat."
        )


PAGE = PairPage

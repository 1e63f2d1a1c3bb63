"""How a report shows and describes questions."""

import numpy as np

from kerastc.report.input_page import InputPage


class QuestionPage(InputPage):
    """See `InputPage`."""

    duplicates = {
        "exact": "Rows that repeat a question about the same context exactly",
        "near": "Rows that repeat a question about the same context nearly",
        "shared": "Rows whose context, or one near it, another question has, too",
    }

    def lengths(self, examples: np.ndarray) -> np.ndarray:
        """Of the contexts."""
        return np.array([len(context) for _, context in examples])


PAGE = QuestionPage

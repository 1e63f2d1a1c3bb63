"""A pair of texts, in one sequence of tokens; all else is text's."""

UNIT, UNITS = "pair", "pairs"
COLUMNS = ("first", "second")  # of an example, in predictions

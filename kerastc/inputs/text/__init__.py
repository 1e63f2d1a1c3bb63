"""A text."""

UNIT, UNITS = "text", "texts"
COLUMNS = ("text",)  # of an example, in predictions

"""An image."""

UNIT, UNITS = "image", "images"
COLUMNS = ("image",)  # of an example, in predictions

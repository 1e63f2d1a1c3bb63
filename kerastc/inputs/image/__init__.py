"""An image."""

from kerastc.capabilities import Capability

UNIT, UNITS = "image", "images"
COLUMNS = ("image",)  # of an example, in predictions
CAPABILITIES = frozenset((Capability.CONVOLUTIONS, Capability.UNLABELLED))  # of its models and data

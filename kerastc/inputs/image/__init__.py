"""An image."""

from kerastc.capabilities import Capability

UNIT, UNITS = "image", "images"
COLUMNS = ("image",)  # for an example, in predictions
CAPABILITIES = frozenset((Capability.CONVOLUTIONS, Capability.UNLABELLED))  # of its models and data

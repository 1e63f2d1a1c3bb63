"""A text."""

from kerastc.capabilities import Capability

UNIT, UNITS = "text", "texts"
COLUMNS = ("text",)  # for an example, in predictions
CAPABILITIES = frozenset(  # of its models and data
    (Capability.TOKENS, Capability.BLOCKS, Capability.SPLICED, Capability.FURTHER)
)

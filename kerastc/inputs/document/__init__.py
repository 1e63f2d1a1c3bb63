"""A document: a text of several windows, which the encoder reads one by one."""

from kerastc.capabilities import Capability

UNIT, UNITS = "document", "documents"
COLUMNS = ("text",)  # for an example, in predictions
CAPABILITIES = frozenset(  # of its models and data
    (Capability.TOKENS, Capability.BLOCKS, Capability.SPLICED, Capability.FURTHER)
)

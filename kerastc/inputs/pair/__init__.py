"""A pair of texts, in one sequence of tokens; everything else is as for texts."""

from kerastc.capabilities import Capability

UNIT, UNITS = "pair", "pairs"
COLUMNS = ("first", "second")  # for an example, in predictions
CAPABILITIES = frozenset((Capability.TOKENS, Capability.BLOCKS, Capability.FURTHER))

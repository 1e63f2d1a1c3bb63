"""A pair of texts, in one sequence of tokens; all else is text's."""

from kerastc.capabilities import Capability

UNIT, UNITS = "pair", "pairs"
COLUMNS = ("first", "second")  # of an example, in predictions
CAPABILITIES = frozenset((Capability.TOKENS, Capability.BLOCKS, Capability.FURTHER))

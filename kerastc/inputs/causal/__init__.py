"""A corpus as one long text, each of whose tokens is said by those before it."""

from kerastc.capabilities import Capability

UNIT, UNITS = "text", "texts"
COLUMNS = ("text",)  # for an example, in predictions
CAPABILITIES: frozenset[Capability] = frozenset()
ONLY = "a causal language model"  # which has no use for compress, export and benchmark
BACKBONE = False  # whether its runs are encoders for others

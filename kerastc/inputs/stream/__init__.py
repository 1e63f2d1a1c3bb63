"""Windows of a corpus on disk, some of whose tokens are masked."""

from kerastc.capabilities import Capability

UNIT, UNITS = "text", "texts"
COLUMNS = ("text",)  # for an example, in predictions
CAPABILITIES: frozenset[Capability] = frozenset()
ONLY = "a language model"  # which has no use for compress, export and benchmark

"""A word: the one that a mask hides."""

from kerastc.capabilities import Capability

CAPABILITIES: frozenset[Capability] = frozenset()

"""One class of several."""

from kerastc.capabilities import Capability

CAPABILITIES = frozenset((Capability.TEACHER,))

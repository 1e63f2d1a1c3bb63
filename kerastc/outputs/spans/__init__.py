"""An answer in a context: where it begins and ends, or that there is none."""

from kerastc.capabilities import Capability

CAPABILITIES = frozenset((Capability.TEACHER,))

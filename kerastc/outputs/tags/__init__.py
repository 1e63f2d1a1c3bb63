"""A tag for each word: named entities, parts of speech."""

from kerastc.capabilities import Capability

CAPABILITIES = frozenset((Capability.TEACHER,))

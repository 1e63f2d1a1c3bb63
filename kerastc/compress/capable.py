"""What runs of each kind can do; from their files alone, before Keras is imported."""

from kerastc.capabilities import Capability
from kerastc.kinds import kind_of
from kerastc.run import Run

OF_KIND = {
    "text": (Capability.TOKENS, Capability.BLOCKS, Capability.SPLICED, Capability.FURTHER),
    "image": (Capability.CONVOLUTIONS, Capability.UNLABELLED),
}


def capabilities_of(run: Run) -> frozenset[Capability]:
    """The capabilities of a run's model, data and answers."""
    return frozenset(OF_KIND[kind_of(run)]) | {Capability.TEACHER}

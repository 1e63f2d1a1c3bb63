"""What a run can do; from its files alone, before Keras is imported."""

from kerastc.capabilities import Capability
from kerastc.run import Run
from kerastc.tasks import task_of


def capabilities_of(run: Run) -> frozenset[Capability]:
    """The capabilities of a run's model, data and answers."""
    return task_of(run).capabilities

"""The model of a part of a run, which goes once nothing needs it: some ninety megabytes or more.

Only what the program itself wrote is removed, by its names; what somebody else put there stays.
"""

from kerastc.files import remove_known
from kerastc.run import Run


def remove_checkpoints(run: Run) -> None:
    """Removes checkpoints/step-N.npz."""
    remove_known(run.path("checkpoints"), "step-*.npz")


def remove_model(run: Run) -> None:
    """Removes model.keras, first, as it tells that the rest is there; and its tokenizer."""
    run.path("model.keras").unlink(missing_ok=True)
    remove_known(run.path("tokenizer"), "tokenizer.json")

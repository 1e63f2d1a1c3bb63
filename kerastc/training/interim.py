"""Removes the model of a part of a run once it is not needed: ninety megabytes or more.

Only files with the program's own names are removed; others stay.
"""

from kerastc.files import remove_known
from kerastc.run import Run


def remove_checkpoints(run: Run) -> None:
    """Removes checkpoints/step-N.npz."""
    remove_known(run.path("checkpoints"), "step-*.npz")


def remove_model(run: Run) -> None:
    """Removes model.keras first, since it marks the rest as complete, then its tokenizer."""
    run.path("model.keras").unlink(missing_ok=True)
    remove_known(run.path("tokenizer"), "tokenizer.json")

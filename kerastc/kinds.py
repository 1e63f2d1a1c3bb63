"""What runs, and the files made of them, classify; here alone it stands which kinds there are."""

from typing import TYPE_CHECKING

from kerastc.tasks import task_of

if TYPE_CHECKING:
    from kerastc.run import Run

KINDS = {"text": "texts", "image": "images"}  # a kind, and what several of it are called


def kind_of(run: "Run") -> str:
    """The kind of a run, as its preprocessing.json says; errors as of `task_of`."""
    return task_of(run).unit

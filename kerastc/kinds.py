"""What runs, and the files made of them, classify; here alone it stands which kinds there are."""

from typing import TYPE_CHECKING

from kerastc.errors import UserError

if TYPE_CHECKING:
    from kerastc.run import Run

KINDS = {"text": "texts", "image": "images"}  # a kind, and what several of it are called


def kind_of(run: "Run") -> str:
    """The kind of a run, as its preprocessing.json says.

    Raises:
        UserError: where it says nothing yet, or something that is none of `KINDS`.
    """
    kind = run.read_json("preprocessing.json").get("kind")
    if kind not in KINDS:
        raise UserError(
            f"{run.path('preprocessing.json')} has kind={kind!r}; known are {', '.join(KINDS)}.",
            "A run is made by: kerastc train RECIPE",
        )
    return kind

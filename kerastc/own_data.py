"""Whether the examples that a model is to be measured on are those that it learned from."""

from typing import TYPE_CHECKING

from kerastc.kinds import KINDS
from kerastc.run import Run

if TYPE_CHECKING:
    from kerastc.data.images import LabelledImages
    from kerastc.data.texts import LabelledTexts


def is_made_of(run: Run | None, examples: "LabelledTexts | LabelledImages") -> bool:
    """Whether a run was made of these very examples, all of them; None is not known to be.

    Examples that are its validation or test part, from a file of their own, are not.
    """
    if run is None or not run.path("data.json").is_file():
        return False
    described = run.read_json("data.json")
    learned = described.get("sources", {}).get("train", described)
    return learned.get("fingerprint") == examples.fingerprint


def warning(kind: str, run: object) -> str:
    """What to tell where it was.

    Args:
        kind: one of `kerastc.kinds.KINDS`.
        run: its folder.
    """
    return (
        f"The run is made of these {KINDS[kind]} and learned from most of them. What it is worth "
        f"on those it never saw: kerastc compare {run}"
    )

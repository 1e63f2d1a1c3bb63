"""A run's record of its data, written once they are known to be those that it began with."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerastc.data.telling import told_lines
from kerastc.errors import UserError
from kerastc.forms import labels_text, read_labels
from kerastc.progress import tell

if TYPE_CHECKING:
    from kerastc.run import Run


def describe(run: "Run", splits: Any, exploration: Any = None) -> None:
    """Writes `data.json` and `labels.txt`; see `Run.describe_data`."""
    described = splits.as_dict()
    known = run.path("data.json").is_file()
    if known:
        before = run.read_json("data.json")["fingerprint"]
        if before != described["fingerprint"]:
            raise UserError(
                f"The data changed since {run.folder} began: the fingerprint of "
                f"{described.get('source', 'what was read')} is "
                f"{described['fingerprint'][:12]}, then it was {before[:12]}.",
                "Restore the data, give their location with --data NEW, or start a new run.",
            )
    if run.moved:
        config = run.config
        places = config["locations"]
        places.update({key: places[key] | place for key, place in run.moved.items()})
        run.write_json("config.json", config)
    if exploration is not None:
        described["exploration"] = exploration.as_dict()
    run.write_json("data.json", described)
    # A recipe's own data need no more than `as_dict`.
    kinds = getattr(getattr(splits, "train", None), "kinds", "classes")
    for line in () if known else told_lines(described, kinds):
        tell(line)
    run.write_text("labels.txt", labels_text(described["classes"]))
    if run.path("environment.json").is_file():
        facts = run.read_json("environment.json")
        facts["data_fingerprint"] = described["fingerprint"]
        run.write_json("environment.json", facts)


def classes(run: "Run") -> tuple[str, ...]:
    """The class names, compared with data.json; see `Run.classes`."""
    path = run.required("labels.txt")
    found = read_labels(path)
    if run.path("data.json").exists():
        known = run.read_json("data.json")["classes"]
        if list(found) != known:
            raise UserError(
                f"{path} has {len(found)} classes ({_some(found)}), data.json {len(known)} "
                f"({_some(known)}): one of them is from another run, or in another order."
            )
    return found


def judged_on(described: Mapping[str, Any]) -> str:
    """The part that a run's model never learned from: test, or validation if there is no test part.

    A cross-validated run has predictions for test rows, too, but from the models of its folds; its
    own model has learned from them.

    Args:
        described: the content of data.json; empty if there is none.
    """
    parts = described.get("splits") or {"test": {}}
    return "test" if "test" in parts and not described.get("folds") else "validation"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")

"""Why a model has no test figures, in words."""

from collections.abc import Mapping
from typing import Any

from kerastc.run_data import judged_on


def untested(described: Mapping[str, Any], units: str) -> str:
    """A sentence or two; empty if the model is judged on test rows.

    Args:
        described: the content of data.json of the run, or of the one from which it was made.
        units: what several rows are called.
    """
    if judged_on(described) == "test":
        return ""
    if "untested" in described:
        return str(described["untested"])
    if described.get("folds"):
        return (
            "There is no test part: the original was cross-validated, and its model has learned "
            f"from all {units} but those of validation, by which its checkpoint was chosen. All "
            f"figures are of validation {units}."
        )
    return (
        f"There is no test part: test_fraction=0. All figures are of the validation {units}, by "
        "which the checkpoint was chosen; on others they would be somewhat worse."
    )

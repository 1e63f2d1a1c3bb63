"""How far an exported model is from the Keras model that it was made of, on real rows."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kerastc.errors import UserError

# The largest difference of a logit, as a share of the largest logit of the Keras model. Another
# order of the additions costs 1e-6, half precision 1e-3; a wrong operator or weight far more.
TOLERANCES = {"float32": 1e-4, "float16": 1e-2}
# Eight and four bits move logits by much and decisions by little: the least share of rows whose
# most probable class must stay.
AGREEMENTS = {"int8": 0.9, "int8-static": 0.75, "int4-tables": 0.75, "int4": 0.75}


@dataclass(frozen=True)
class Parity:
    """The comparison of two arrays of logits.

    Args:
        rows: that were compared.
        max_difference, mean_difference: of the logits, absolute.
        agreement: the share of rows with the same most probable class.
        tolerance: the largest difference that was allowed; None where agreement decides.
    """

    rows: int
    max_difference: float
    mean_difference: float
    agreement: float
    tolerance: float | None

    def as_dict(self) -> dict[str, Any]:
        """As a signature holds it."""
        return asdict(self)


def compare(found: np.ndarray, expected: np.ndarray, quantization: str, what: str) -> Parity:
    """Compares the logits of an export with those of the Keras model, (rows, classes) each.

    Args:
        found: of the export.
        expected: of the Keras model.
        quantization: of the export; it decides what is allowed.
        what: the export, named in errors.

    Raises:
        UserError: where it differs beyond what is allowed.
    """
    if found.shape != expected.shape:
        raise _differs(what, f"it gives logits of the shape {found.shape}, not {expected.shape}")
    if not np.isfinite(found).all():
        raise _differs(what, "its logits are no numbers: the conversion lost weights")
    scale = max(1.0, float(np.abs(expected).max()))
    tolerance = TOLERANCES[quantization] * scale if quantization in TOLERANCES else None
    difference = np.abs(found.astype("float64") - expected)
    parity = Parity(
        rows=len(found),
        max_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        agreement=float((found.argmax(axis=1) == expected.argmax(axis=1)).mean()),
        tolerance=tolerance,
    )
    if tolerance is not None and parity.max_difference > tolerance:
        raise _differs(
            what,
            f"a logit differs by {parity.max_difference:.2g}; {tolerance:.2g} is allowed for "
            f"{quantization}",
        )
    if parity.agreement < AGREEMENTS.get(quantization, 0):
        raise _differs(
            what,
            f"only {parity.agreement:.0%} of {parity.rows} rows keep their class; "
            f"{AGREEMENTS[quantization]:.0%} must with {quantization}",
        )
    return parity


def _differs(what: str, how: str) -> UserError:
    return UserError(
        f"{what} is not the same as the Keras model: {how}. Nothing was written.",
        "Try another --format or --quantization; a float32 file that differs is a bug of kerastc.",
    )
